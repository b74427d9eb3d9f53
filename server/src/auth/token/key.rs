//! One key that tokens are held against, and the one algorithm it is for.

use std::{collections::HashSet, path::Path};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::{Error, ErrorKind},
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::{Map, Value};

use super::{Secret, SetupError, TokenError};
use crate::config;

/// What a token has to say beside its signature.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Of tokens that are signed with a public key's other half; any, if empty.
    pub(super) issuers: Vec<String>,
    /// Of every token; any, if empty.
    pub(super) audiences: Vec<String>,
    /// Where an issuer's tokens say whose they are.
    pub(super) subject_claim: String,
}

impl Rules {
    pub(super) fn new(options: &config::Tokens) -> Self {
        Self {
            issuers: options.jwt_issuers.clone(),
            audiences: options.jwt_audiences.clone(),
            subject_claim: options.jwt_subject_claim.clone(),
        }
    }
}

/// A key and its algorithm.
#[derive(Clone)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Whether an algorithm has a key that everybody may know.
pub(super) fn is_public(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA)
}

impl Key {
    pub(super) fn of_secret(secret: &Secret) -> Self {
        Self { id: None, algorithm: Algorithm::HS256, verifying: secret.decoding_key() }
    }

    /// A public key in PEM: RSA for RS256, P-256 for ES256, Ed25519 for `EdDSA`.
    pub(super) fn of_file(path: &Path) -> Result<Self, SetupError> {
        let failed = |reason: String| SetupError::PublicKey { path: path.display().to_string(), reason };
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8_lossy(&pem);
        if !text.contains("-----BEGIN PUBLIC KEY-----") && !text.contains("-----BEGIN RSA PUBLIC KEY-----") {
            return Err(failed("it is no public key in PEM".to_owned()));
        }
        let (algorithm, key) = DecodingKey::from_rsa_pem(&pem)
            .map(|key| (Algorithm::RS256, key))
            .or_else(|_| DecodingKey::from_ec_pem(&pem).map(|key| (Algorithm::ES256, key)))
            .or_else(|_| DecodingKey::from_ed_pem(&pem).map(|key| (Algorithm::EdDSA, key)))
            .map_err(|_| failed("neither RSA, nor P-256, nor Ed25519".to_owned()))?;
        // 65 bytes are a point of P-256; a longer one is of a curve that ES256 is not for.
        if algorithm == Algorithm::ES256 && key.try_get_as_bytes().is_ok_and(|point| point.len() != 65) {
            return Err(failed("a curve other than P-256".to_owned()));
        }
        Ok(Self { id: None, algorithm, verifying: key })
    }

    /// A key of a set; `None` if it is for something else, or is none that may be known to all.
    pub(super) fn of_set(jwk: &Jwk) -> Option<Self> {
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
            (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
            (AlgorithmParameters::EllipticCurve(curve), None | Some(KeyAlgorithm::ES256))
                if curve.curve == EllipticCurve::P256 =>
            {
                Algorithm::ES256
            }
            (AlgorithmParameters::OctetKeyPair(pair), None | Some(KeyAlgorithm::EdDSA))
                if pair.curve == EllipticCurve::Ed25519 =>
            {
                Algorithm::EdDSA
            }
            // A secret in a public place is no secret.
            _ => return None,
        };
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: jwk.common.key_id.clone(), algorithm, verifying: key })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn is_secret(&self) -> bool {
        self.algorithm == Algorithm::HS256
    }

    /// Whether a token that names the key `id` may be signed with this one.
    pub(super) fn may_be(&self, id: Option<&str>) -> bool {
        match (&self.id, id) {
            (Some(own), Some(id)) => own == id,
            _ => true,
        }
    }

    /// What the token says, if it is signed with this key and keeps to the rules.
    pub(super) fn claims(&self, token: &str, rules: &Rules) -> Result<Map<String, Value>, TokenError> {
        let mut validation = Validation::new(self.algorithm);
        // What is over is over; `nbf` is looked at by who knows how far clocks are apart.
        validation.leeway = 0;
        validation.required_spec_claims = HashSet::from(["exp".to_owned()]);
        if rules.audiences.is_empty() {
            validation.validate_aud = false;
        } else {
            validation.set_audience(&rules.audiences);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        if !rules.issuers.is_empty() && !self.is_secret() {
            validation.set_issuer(&rules.issuers);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        jsonwebtoken::decode(token, &self.verifying, &validation)
            .map(|token| token.claims)
            .map_err(|error| reason(&error, TokenError::Signature))
    }
}

/// The reason in our words; `otherwise` for what is none of them.
pub(super) fn reason(error: &Error, otherwise: TokenError) -> TokenError {
    match error.kind() {
        // An algorithm that is unknown, `none` among them, is where reading the header stops.
        ErrorKind::Json(error) if error.to_string().contains("unknown variant") => TokenError::Algorithm,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenError::Algorithm,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYet,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => TokenError::Issuer,
        ErrorKind::InvalidToken
        | ErrorKind::Base64(_)
        | ErrorKind::Utf8(_)
        | ErrorKind::Json(_)
        | ErrorKind::MissingRequiredClaim(_)
        | ErrorKind::InvalidClaimFormat(_) => TokenError::Malformed,
        _ => otherwise,
    }
}

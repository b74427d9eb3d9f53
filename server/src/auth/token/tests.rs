use std::path::{Path, PathBuf};

use clap::Parser as _;
use jsonwebtoken::Algorithm;

use super::*;
use crate::config::Cli;

const SECRET: &str = "a secret of more than thirty-two bytes";

fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys").join(name)
}

fn public(name: &str) -> String {
    key(&format!("{name}.pub.pem")).display().to_string()
}

/// Tokens by the secret above, and by whatever else the flags say.
fn tokens(flags: &[&str]) -> Result<Tokens, SetupError> {
    let arguments = ["touchline", "--jwt-secret", SECRET].iter().chain(flags);
    Tokens::open(&Cli::parse_from(arguments).config.tokens, Path::new("/nonexistent"))
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).unwrap()
}

fn by(name: &str) -> (Algorithm, EncodingKey) {
    let pem = std::fs::read(key(&format!("{name}.pem"))).unwrap();
    match name {
        "rsa" | "other" => (Algorithm::RS256, EncodingKey::from_rsa_pem(&pem).unwrap()),
        "ec" => (Algorithm::ES256, EncodingKey::from_ec_pem(&pem).unwrap()),
        _ => (Algorithm::EdDSA, EncodingKey::from_ed_pem(&pem).unwrap()),
    }
}

/// A moment this many seconds from now.
fn at(seconds: i64) -> i64 {
    unix_ms() / 1000 + seconds
}

/// How a token is taken: `ok`, or the reason that the log has.
fn check(tokens: &Tokens, token: &str) -> String {
    use futures_util::FutureExt as _;
    let verified = tokens.verify(token).now_or_never().expect("no key set, so nothing is waited for");
    verified.map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

#[test]
fn s5_what_is_minted_is_taken_and_says_who_until_when() {
    use futures_util::FutureExt as _;
    let tokens = tokens(&["--jwt-audience", "live"]).unwrap();
    let token = tokens.mint(&"a1".parse().unwrap(), 60).unwrap();
    let verified = tokens.verify(&token).now_or_never().unwrap().unwrap();
    assert_eq!((verified.subject.as_str(), verified.by_secret), ("a1", true));
    assert!((at(55) * 1000..=at(61) * 1000).contains(&verified.expires_at), "{verified:?}");
}

#[test]
fn s5_each_kind_of_key_signs_with_its_own_algorithm() {
    let claims = json!({"sub": "ada", "exp": at(60)});
    for name in ["rsa", "ec", "ed"] {
        let (algorithm, private) = by(name);
        let token = signed(algorithm, &private, &claims);
        assert_eq!(check(&tokens(&["--jwt-public-key", &public(name)]).unwrap(), &token), "ok", "{name}");
        assert_eq!(
            check(&tokens(&["--jwt-public-key", &public("other")]).unwrap(), &token),
            if name == "rsa" {
                "the token's signature is wrong"
            } else {
                "the token's algorithm is not one of those taken here"
            },
            "{name}"
        );
    }
}

#[test]
fn s5_the_key_decides_the_algorithm_and_never_the_token() {
    let tokens = tokens(&["--jwt-public-key", &public("rsa")]).unwrap();
    let claims = json!({"sub": "ada", "exp": at(60)});
    let wrong = "the token's algorithm is not one of those taken here";
    // The public key, which everybody has, as if it were a secret: the signature must not count.
    let pem = std::fs::read(key("rsa.pub.pem")).unwrap();
    for bytes in [&pem[..], pem.trim_ascii()] {
        let confused = signed(Algorithm::HS256, &EncodingKey::from_secret(bytes), &claims);
        assert_eq!(check(&tokens, &confused), "the token's signature is wrong");
    }
    // The right secret and the right key, with algorithms that they are not for.
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(check(&tokens, &signed(algorithm, &secret, &claims)), wrong, "{algorithm:?}");
    }
    for algorithm in [Algorithm::RS384, Algorithm::PS256] {
        assert_eq!(check(&tokens, &signed(algorithm, &by("rsa").1, &claims)), wrong, "{algorithm:?}");
    }
    // No signature at all, however it is spelled.
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let header = encode(&format!(r#"{{"alg":"{none}","typ":"JWT"}}"#));
        let token = format!("{header}.{}.", encode(&claims.to_string()));
        assert_eq!(check(&tokens, &token), wrong, "{none:?}");
    }
}

#[test]
fn s5_a_token_is_held_to_what_it_says() {
    let tokens = tokens(&["--jwt-audience", "live", "--jwt-audience", "test"]).unwrap();
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    for (claims, outcome) in [
        (json!({"sub": "ada", "aud": "live", "exp": at(60)}), "ok"),
        (json!({"sub": "ada", "aud": ["other", "test"], "exp": at(60)}), "ok"),
        (json!({"sub": "ada", "aud": "live", "exp": at(60), "nbf": at(30)}), "ok"),
        (json!({"sub": "ada", "aud": "live", "exp": at(600), "nbf": at(120)}), "the token is not valid yet"),
        (json!({"sub": "ada", "aud": "live", "exp": at(-1)}), "the token has expired"),
        (json!({"sub": "ada", "aud": "live", "exp": at(0)}), "the token has expired"),
        (json!({"sub": "ada", "aud": "live", "exp": -5}), "the token cannot be read"),
        (json!({"sub": "ada", "aud": "live", "exp": "tomorrow"}), "the token cannot be read"),
        (json!({"sub": "ada", "aud": "live"}), "the token cannot be read"),
        (json!({"sub": "ada", "aud": "live", "exp": 1e300}), "the token cannot be read"),
        (json!({"sub": "ada", "aud": "other", "exp": at(60)}), "the token is for another audience"),
        (json!({"sub": "ada", "exp": at(60)}), "the token is for another audience"),
        (json!({"aud": "live", "exp": at(60)}), "the token does not say whose it is"),
        (json!({"sub": "", "aud": "live", "exp": at(60)}), "the token does not say whose it is"),
        (json!({"sub": 7, "aud": "live", "exp": at(60)}), "the token does not say whose it is"),
    ] {
        assert_eq!(check(&tokens, &signed(Algorithm::HS256, &secret, &claims)), outcome, "{claims}");
    }
}

#[test]
fn s5_no_token_outlasts_the_calendar() {
    use futures_util::FutureExt as _;
    let claims = json!({"sub": "ada", "exp": 1e18});
    let token = signed(Algorithm::HS256, &EncodingKey::from_secret(SECRET.as_bytes()), &claims);
    let verified = tokens(&[]).unwrap().verify(&token).now_or_never().unwrap().unwrap();
    assert_eq!(crate::time::timestamp(verified.expires_at).to_string(), "9999-12-30T22:00:00.000Z");
}

#[test]
fn s5_an_issuer_is_who_it_should_be() {
    let issuer = ["--jwt-public-key", &public("ed"), "--jwt-issuer", "https://id.example"];
    let tokens = tokens(&issuer).unwrap();
    let (algorithm, private) = by("ed");
    for (claims, outcome) in [
        (json!({"iss": "https://id.example", "sub": "ada", "exp": at(60)}), "ok"),
        (
            json!({"iss": "https://id.example.evil", "sub": "ada", "exp": at(60)}),
            "the token is of another issuer",
        ),
        (json!({"sub": "ada", "exp": at(60)}), "the token is of another issuer"),
    ] {
        assert_eq!(check(&tokens, &signed(algorithm, &private, &claims)), outcome, "{claims}");
    }
    let own = tokens.mint(&"a1".parse().unwrap(), 60).unwrap();
    assert_eq!(check(&tokens, &own), "ok", "one's own tokens have no issuer");
}

#[test]
fn s5_what_is_no_token_is_refused() {
    let tokens = tokens(&[]).unwrap();
    let good = tokens.mint(&"a1".parse().unwrap(), 60).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let other = tokens.mint(&"a2".parse().unwrap(), 60).unwrap();
    let swapped = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    assert_eq!(check(&tokens, &swapped), "the token's signature is wrong");
    assert_eq!(check(&tokens, &format!("{}.{}.", parts[0], parts[1])), "the token's signature is wrong");
    let long = format!("{good}{}", "A".repeat(TOKEN_BYTES));
    for nonsense in ["", ".", "..", "a.b.c", "a.b", &good[..good.len() / 3], &long] {
        assert_eq!(check(&tokens, nonsense), "the token cannot be read", "{nonsense:.20}");
    }
    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["exp".to_owned()]);
    let claims = json!({"sub": "a1", "exp": at(60)});
    let critical =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    assert_eq!(check(&tokens, &critical), "the token cannot be read", "an extension nobody understands");
}

#[test]
fn s5_only_public_keys_are_taken_from_files() {
    for name in ["rsa.pem", "p384.pub.pem", "make.sh"] {
        let path = key(name).display().to_string();
        assert!(tokens(&["--jwt-public-key", &path]).is_err(), "{name}");
    }
}

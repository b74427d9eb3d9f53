//! New identifiers: UUID version 7 (RFC 9562 §5.7), written as 26 characters of base32hex (RFC 4648 §7) in
//! lower case. That keeps their order, and every publication that names three of them is 30 bytes shorter
//! than with hyphens.

use std::str::FromStr;

use data_encoding::Encoding;

static BASE32: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(|| {
    let mut lower = data_encoding::Specification::new();
    lower.symbols.push_str("0123456789abcdefghijklmnopqrstuv");
    match lower.encoding() {
        Ok(encoding) => encoding,
        Err(_) => unreachable!("32 different symbols are an encoding"),
    }
});

/// A new identifier, later in order than those made before it.
pub fn new_id<T: FromStr>() -> T {
    from_bytes(uuid::Uuid::now_v7().as_bytes())
}

/// The name of a new life of a log: 64 random bits.
pub fn new_epoch() -> shared::Epoch {
    from_bytes(&rand::random::<[u8; 8]>())
}

fn from_bytes<T: FromStr>(bytes: &[u8]) -> T {
    match BASE32.encode(bytes).parse() {
        Ok(id) => id,
        Err(_) => unreachable!("base32 of a few bytes is an identifier"),
    }
}

#[cfg(test)]
mod tests {
    use shared::MediaId;

    use super::*;

    #[test]
    fn ids_are_short_and_in_order() {
        let ids: Vec<MediaId> = (0..1000).map(|_| new_id()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.as_str().len() == 26), "{}", ids[0]);
        assert_eq!(new_epoch().as_str().len(), 13);
    }
}

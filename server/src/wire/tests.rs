//! The codec against the specification's own examples, against another implementation's frames made by
//! hand, and against nonsense.

use proptest::prelude::*;

use super::*;

fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(MASKED | short as u8),
        long => {
            bytes.push(MASKED | 0x7e);
            bytes.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
    bytes
}

fn decode(deflate: bool, bytes: &[u8], step: usize) -> Result<Vec<Message>, Violation> {
    let mut decoder = Decoder::new(deflate, 1000);
    let mut messages = Vec::new();
    for part in bytes.chunks(step.max(1)) {
        decoder.feed(&mut part.to_vec(), &mut messages)?;
        assert!(decoder.buffered_bytes() < 8 * 1024);
    }
    Ok(messages)
}

#[test]
fn the_specifications_examples() {
    // RFC 6455 §5.7: a masked "Hello", and the same in two fragments with a ping between.
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(false, &masked, 3), Ok(vec![Message::Text("Hello".into())]));
    let mut parts = client_frame(OP_TEXT, b"Hel");
    parts.extend(client_frame(FIN | OP_PING, b"?"));
    parts.extend(client_frame(FIN | OP_CONTINUATION, b"lo"));
    assert_eq!(
        decode(false, &parts, 1),
        Ok(vec![Message::Ping(b"?".to_vec()), Message::Text("Hello".into())])
    );
    // RFC 7692 §7.2.3.1: "Hello" compressed.
    let compressed = client_frame(FIN | RSV1 | OP_TEXT, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    assert_eq!(decode(true, &compressed, 2), Ok(vec![Message::Text("Hello".into())]));
}

#[test]
fn v8_what_may_not_be_sent_is_refused_with_its_code() {
    for (bytes, violation) in [
        (vec![0x81, 0x05], Violation::Protocol),             // not masked
        (client_frame(FIN | 0x3, b""), Violation::Protocol), // reserved opcode
        (client_frame(FIN | 0x20 | OP_TEXT, b""), Violation::Protocol), // reserved bit
        (client_frame(FIN | RSV1 | OP_TEXT, b""), Violation::Protocol), // compression not negotiated
        (client_frame(FIN | OP_BINARY, b"x"), Violation::Binary),
        (client_frame(FIN | OP_TEXT, &[0xff]), Violation::BadData), // not UTF-8
        (client_frame(FIN | OP_TEXT, &[b'a'; 1001]), Violation::TooLarge),
        (client_frame(OP_PING, b""), Violation::Protocol), // a control frame in parts
        (client_frame(FIN | OP_PING, &[0; 126]), Violation::Protocol), // a control frame too long
        (client_frame(FIN | OP_CONTINUATION, b"x"), Violation::Protocol), // of nothing
        (client_frame(FIN | OP_CLOSE, &[3]), Violation::Protocol), // half a code
        (client_frame(FIN | OP_CLOSE, &1005_u16.to_be_bytes()), Violation::Protocol),
        (vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Violation::TooLarge),
    ] {
        assert_eq!(decode(false, &bytes, 1), Err(violation), "{bytes:x?}");
    }
    let mut endless = client_frame(OP_TEXT, &[b'a'; 600]);
    endless.extend(client_frame(OP_CONTINUATION, &[b'a'; 600]));
    assert_eq!(decode(false, &endless, 64), Err(Violation::TooLarge), "fragments add up");
}

#[test]
fn e13_a_bomb_stops_at_the_limit() {
    let bomb = deflate(&vec![b'a'; 1_000_000]).unwrap();
    assert!(bomb.len() < 6_000);
    assert_eq!(inflate(&bomb, 1000), Err(Violation::TooLarge));
    assert_eq!(inflate(&[0xff, 0xff, 0xff], 1000), Err(Violation::BadData));
}

#[test]
fn e13_a_small_text_is_left_alone_and_a_large_one_shrinks() {
    let mut out = Vec::new();
    push_text_deflated(&mut out, "short");
    assert_eq!(out, b"\x81\x05short");
    out.clear();
    let large = "never the same word twice in a row, ".repeat(40);
    push_text_deflated(&mut out, &large);
    assert_eq!(out[0], FIN | RSV1 | OP_TEXT);
    assert!(out.len() < large.len() / 3);
    assert_eq!(inflate(&out[2..], large.len()).as_deref(), Ok(large.as_bytes()));
}

proptest! {
    #[test]
    fn what_is_deflated_inflates_to_the_same(text in proptest::collection::vec(any::<u8>(), 0..5000)) {
        let small = deflate(&text).unwrap();
        prop_assert_eq!(inflate(&small, text.len()).unwrap(), text);
    }

    #[test]
    fn however_the_bytes_are_cut_the_messages_are_the_same(
        texts in proptest::collection::vec("[a-z]{0,200}", 1..6), step in 1_usize..50,
    ) {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| client_frame(FIN | OP_TEXT, text.as_bytes())).collect();
        let expected: Vec<_> = texts.into_iter().map(Message::Text).collect();
        prop_assert_eq!(decode(false, &bytes, step), Ok(expected));
    }

    #[test]
    fn nonsense_is_a_violation_and_not_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), step in 1_usize..40) {
        drop(decode(true, &bytes, step));
    }
}

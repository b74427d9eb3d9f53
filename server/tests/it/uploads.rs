//! `/api/uploads` (E16): files that are taken, and files that are not, and what stays of those: nothing.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    media::stored_uploads,
    support::{Server, api::fixture, until},
};

#[tokio::test]
async fn e16_every_kind_of_file_becomes_an_item_of_its_kind() {
    let server = Server::start().await;
    let event = server.event().await;
    for (name, kind, content_type) in [
        ("turned.jpg", "photo", "image/jpeg"),
        ("alpha.png", "photo", "image/png"),
        ("still.webp", "photo", "image/"),
        ("moving.gif", "photo", "image/gif"),
        ("phone.mov", "video", "video/mp4"),
        ("clip.webm", "video", "video/webm"),
        ("sound.mp3", "audio", "audio/mpeg"),
        ("vorbis.ogg", "audio", "audio/ogg"),
        ("sound.m4a", "audio", "audio/mp4"),
    ] {
        let upload = server.upload(name).await;
        assert_eq!(upload.status, 201, "{name}: {}", upload.body);
        assert_eq!(upload.header("location"), upload.body["url"].as_str().unwrap());
        assert!(
            upload.body["contentType"].as_str().unwrap().starts_with(content_type),
            "{name}: {}",
            upload.body
        );
        let item = json!({"author": "Ada", "uploadId": upload.body["uploadId"]});
        let posted = server.post(&format!("/api/events/{}/media", event.id), &item).await;
        assert_eq!(
            (posted.status, &posted.body["kind"], &posted.body["attachment"]),
            (201, &json!(kind), &upload.body),
            "{name}"
        );
    }
    assert_eq!(server.page(&event, "?kind=audio").await.items.len(), 3);
}

#[tokio::test]
async fn e16_an_upload_serves_one_item_only() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let upload = server.uploaded("alpha.png").await;
    let item = json!({"author": "Ada", "uploadId": upload.upload_id});
    let refused = server.post(&path, &json!({"author": "", "uploadId": upload.upload_id})).await;
    assert_eq!(refused.refusal(), (422, "invalid", "author"));
    let posted = server.post(&path, &item).await;
    assert_eq!(posted.status, 201, "a refused item did not use it up");
    assert_eq!(server.post(&path, &item).await.refusal(), (422, "invalid", "uploadId"));
    let own = format!("{path}/{}", posted.body["id"].as_str().unwrap());
    assert_eq!(server.patch(&own, &json!({"text": ""})).await.status, 200, "a photo needs no caption");
    assert_eq!(server.delete(&own).await.status, 204);
    assert_eq!(server.post(&path, &item).await.refusal(), (422, "invalid", "uploadId"));
    assert_eq!(server.get(&upload.url).await.status, 404);
}

#[tokio::test]
async fn v8_what_is_not_taken_leaves_nothing_behind() {
    let server = Server::with(&["--upload-max-bytes", "200000", "--upload-max-pixels", "1000000"]).await;
    let jpeg = fixture("turned.jpg");
    for (what, bytes, refusal) in [
        ("a page", b"<!doctype html><script>alert(1)</script>".to_vec(), (415, "unsupportedMedia", "")),
        ("a picture by its name only", b"GIF, honestly".to_vec(), (415, "unsupportedMedia", "")),
        ("nothing", Vec::new(), (400, "truncated", "")),
        ("half a picture", jpeg[..jpeg.len() / 2].to_vec(), (400, "truncated", "")),
        ("half a film", fixture("phone.mov")[..2000].to_vec(), (400, "truncated", "")),
        ("more bytes than allowed", [jpeg.clone(), vec![0; 200_000]].concat(), (413, "tooLarge", "")),
        ("a bomb", png_that_claims(30_000, 30_000), (413, "tooLarge", "")),
    ] {
        let form = Form::new()
            .part("file", Part::bytes(bytes).file_name("holiday.jpg").mime_str("image/jpeg").unwrap());
        let answer = server.send(server.request(Method::POST, "/api/uploads").multipart(form)).await;
        assert_eq!(answer.refusal(), refusal, "{what}: {}", answer.body);
        assert_eq!(stored_uploads(&server), 0, "{what}");
    }
    for (what, form, status) in [
        ("no file", Form::new().text("note", "x"), 422),
        (
            "two files",
            Form::new().part("file", Part::bytes(jpeg.clone())).part("file", Part::bytes(jpeg.clone())),
            422,
        ),
        (
            "a field twice",
            Form::new().text("a", "x").text("a", "y").part("file", Part::bytes(jpeg.clone())),
            400,
        ),
        ("endless text", Form::new().text("a", "x".repeat(190_000)).text("b", "x".repeat(100_000)), 413),
    ] {
        let answer = server.send(server.request(Method::POST, "/api/uploads").multipart(form)).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
    }
    assert_eq!(server.post("/api/uploads", &json!({})).await.status, 400, "not a form");
    assert_eq!(stored_uploads(&server), 0);
}

/// The beginning of a PNG whose header promises that many pixels.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend(crc.sum().to_be_bytes());
    let mut end = flate2::Crc::new();
    end.update(b"IDAT");
    png.extend(b"\0\0\0\0IDAT");
    png.extend(end.sum().to_be_bytes());
    png
}

#[tokio::test]
async fn v8_an_upload_that_breaks_off_leaves_nothing_and_no_item() {
    let server = Server::start().await;
    let event = server.event().await;
    let jpeg = fixture("turned.jpg");
    for path in ["/api/uploads".to_owned(), format!("/api/events/{}/media", event.id)] {
        let mut body = b"--b\r\ncontent-disposition: form-data; name=\"author\"\r\n\r\nAda\r\n\
            --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"
            .to_vec();
        body.extend(&jpeg[..jpeg.len() / 2]);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n",
            body.len() + jpeg.len()
        );
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        until("the upload to begin", async || incoming(&server) == 1).await;
        drop(stream);
        until("nothing is left of it", async || incoming(&server) == 0 && stored_uploads(&server) == 0).await;
    }
    assert!(server.timeline(&event).await.is_empty());
    assert!(server.cursor(&event).await.to_string().ends_with(".0"));
}

/// Uploads that are coming in.
fn incoming(server: &Server) -> usize {
    std::fs::read_dir(server.dir.path().join("media/incoming")).unwrap().count()
}

#[tokio::test]
async fn v8_a_form_that_ends_too_early_is_truncated() {
    let server = Server::start().await;
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nabc";
    let head = format!(
        "POST /api/uploads HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    crate::support::within("an answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(r#""code":"truncated""#), "{answer}");
    assert_eq!((incoming(&server), stored_uploads(&server)), (0, 0));
}

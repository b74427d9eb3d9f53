//! `/media/{uploadId}/{file}` (E16): what was uploaded, served for ever and never run.

use reqwest::Method;
use shared::model::media::Attachment;

use crate::support::Server;

#[tokio::test]
async fn e16_a_photo_and_its_renditions_are_served_and_may_be_kept_for_ever() {
    let server = Server::start().await;
    let upload: Attachment = server.upload_bytes("wide.jpg", wide_jpeg()).await.read();
    let item = serde_json::json!({"author": "Ada", "uploadId": upload.upload_id});
    let event = server.event().await;
    assert_eq!(server.post(&format!("/api/events/{}/media", event.id), &item).await.status, 201);
    let widths: Vec<_> = upload.renditions.iter().map(|rendition| rendition.width).collect();
    assert_eq!((upload.width, upload.height, &widths[..]), (Some(1500), Some(1000), &[320, 640, 1280][..]));
    let mut urls: Vec<_> = upload.renditions.iter().map(|rendition| rendition.url.clone()).collect();
    urls.push(upload.url.clone());
    for url in &urls {
        let answer = server.get(url).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"), "{url}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.bytes.starts_with(&[0xff, 0xd8]));
        let known = server.get_with(url, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!((known.status, known.bytes.len()), (304, 0));
    }
    let whole = server.get(&upload.url).await;
    assert_eq!(whole.bytes.len() as u64, upload.bytes);
    assert!(!whole.bytes.windows(4).any(|four| four == b"Exif"), "the camera's notes are gone");
    let small = image::load_from_memory(&server.get(&urls[0]).await.bytes).unwrap();
    assert_eq!((small.width(), small.height()), (320, 213));
    let head = server.send(server.request(Method::HEAD, &upload.url)).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.bytes.len()),
        (200, upload.bytes.to_string().as_str(), 0)
    );
}

/// A photo large enough for every size that a page needs.
fn wide_jpeg() -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(1500, 1000, |x, y| image::Rgb([(x / 6) as u8, (y / 4) as u8, 128]));
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
    pixels.write_with_encoder(encoder).unwrap();
    bytes
}

#[tokio::test]
async fn e16_a_part_of_a_film_is_served() {
    let server = Server::start().await;
    let upload = server.uploaded("upright.mp4").await;
    let whole = server.get_with(&upload.url, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(
        (whole.status, whole.header("accept-ranges"), whole.header("content-encoding")),
        (200, "bytes", "")
    );
    let size = whole.bytes.len();
    for (range, from, to) in [
        ("bytes=0-99".to_owned(), 0, 100),
        (format!("bytes=100-{}", size + 1000), 100, size),
        ("bytes=-50".to_owned(), size - 50, size),
    ] {
        let part = server.get_with(&upload.url, &[("range", &range), ("accept-encoding", "br")]).await;
        assert_eq!((part.status, part.bytes.as_slice()), (206, &whole.bytes[from..to]), "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{size}", to - 1));
        assert_eq!(part.header("content-type"), "video/mp4");
    }
    let beyond = server.get_with(&upload.url, &[("range", &format!("bytes={size}-"))]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{size}").as_str()));
    let outdated = server.get_with(&upload.url, &[("range", "bytes=0-9"), ("if-range", "\"other\"")]).await;
    assert_eq!((outdated.status, outdated.bytes.len()), (200, size));
}

#[tokio::test]
async fn v8_only_files_of_uploads_are_served() {
    let server = Server::start().await;
    let upload = server.uploaded("turned.jpg").await;
    let id = upload.upload_id;
    std::fs::write(server.dir.path().join("secret.jpg"), "secret").unwrap();
    for path in [
        format!("/media/{id}/other.jpg"),
        format!("/media/{id}/original.php"),
        format!("/media/{id}/received"),
        format!("/media/{id}/..%2f..%2f..%2fsecret.jpg"),
        format!("/media/{id}/%2e%2e%2fsecret.jpg"),
        format!("/media/{id}/original.jpg%00.png"),
        "/media/nobody/original.jpg".to_owned(),
        "/media/incoming/original.jpg".to_owned(),
        "/media/..%2f../secret.jpg".to_owned(),
        "/media/%ff/original.jpg".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.refusal(), (404, "notFound", ""), "{path}");
        assert_eq!(answer.header("cache-control"), "", "{path}: nobody keeps a refusal");
    }
}

//! Photos before they are kept: as small as the server keeps them, and without what the camera wrote into them. The
//! server does the same with what comes; here it saves room on the device and time on a bad network, and what nobody
//! is to know never leaves the device. Best effort: what this browser cannot read goes as it is. Called by
//! [`super`] alone.

use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap};

use crate::browser;

/// The longest side of a photo that the server keeps, in pixels.
const SIDE_PX: f64 = 2560.0;
/// Of 1. More than the server's own, which encodes it once more.
const QUALITY: f64 = 0.9;
/// Where a WebP file says that it moves: a bit of the flags of its first chunk, if that is of this kind.
const WEBP_HEAD: std::ops::Range<usize> = 12..16;
const WEBP_FLAGS: usize = 20;
const WEBP_MOVES: u8 = 0b10;

/// The same photo, drawn anew; the file itself if it is none that can be drawn without losing something.
pub(super) async fn plain(file: Blob) -> Blob {
    match drawn(&file).await {
        Ok(Some(drawn)) => drawn,
        Ok(None) | Err(_) => file,
    }
}

async fn drawn(file: &Blob) -> Result<Option<Blob>, JsValue> {
    let kind = file.type_();
    match kind.as_str() {
        "image/jpeg" | "image/png" => {}
        "image/webp" if !moves(file).await? => {}
        _ => return Ok(None),
    }
    let picture = JsFuture::from(browser::window().create_image_bitmap_with_blob(file)?).await?;
    let picture: ImageBitmap = picture.dyn_into()?;
    let blob = draw(&picture, &kind).await;
    // Some browsers keep its pixels for long.
    picture.close();
    blob
}

async fn draw(picture: &ImageBitmap, kind: &str) -> Result<Option<Blob>, JsValue> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let share = (SIDE_PX / width.max(height)).min(1.0);
    let (width, height) = ((width * share).round().max(1.0), (height * share).round().max(1.0));
    let canvas: HtmlCanvasElement = browser::document().create_element("canvas")?.dyn_into()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let Some(context) = canvas.get_context("2d")? else { return Ok(None) };
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    context.draw_image_with_image_bitmap_and_dw_and_dh(picture, 0.0, 0.0, width, height)?;
    let mut given = Err(JsValue::UNDEFINED);
    let made = js_sys::Promise::new(&mut |resolve, _| {
        let done = Closure::once_into_js(move |blob: JsValue| {
            // Called once, with nobody to hear what comes of it.
            resolve.call1(&JsValue::UNDEFINED, &blob).ok();
        });
        let quality = JsValue::from_f64(QUALITY);
        given = canvas.to_blob_with_type_and_encoder_options(done.unchecked_ref(), kind, &quality);
    });
    given?;
    Ok(JsFuture::from(made).await?.dyn_into().ok())
}

/// Whether a WebP file has more than one picture.
async fn moves(file: &Blob) -> Result<bool, JsValue> {
    let head = file.slice_with_f64_and_f64(0.0, (WEBP_FLAGS + 1) as f64)?;
    let bytes = js_sys::Uint8Array::new(&JsFuture::from(head.array_buffer()).await?).to_vec();
    let flags = bytes.get(WEBP_FLAGS).filter(|_| bytes.get(WEBP_HEAD) == Some(b"VP8X"));
    Ok(flags.is_some_and(|flags| flags & WEBP_MOVES != 0))
}

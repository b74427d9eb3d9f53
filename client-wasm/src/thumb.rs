//! ThumbHash: a blur of a picture in some 25 bytes, made into a picture again.

use base64::Engine as _;
use wasm_bindgen::{Clamped, JsCast};

use crate::browser;

/// The blur as a `url(…)` for a background; `None` where the text is not a ThumbHash.
pub(crate) fn background(hash: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(hash.trim_end_matches('=')).ok()?;
    let (width, height, pixels) = thumbhash::thumb_hash_to_rgba(&bytes).ok()?;
    let canvas: web_sys::HtmlCanvasElement =
        browser::document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let image =
        web_sys::ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width as u32, height as u32)
            .ok()?;
    context.put_image_data(&image, 0.0, 0.0).ok()?;
    Some(format!("url({})", canvas.to_data_url().ok()?))
}

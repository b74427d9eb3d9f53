//! ThumbHash: a blur of a picture in some 25 bytes, made into a picture again. Its first bytes are the colour that the
//! picture has on average, which needs no part of the program that is fetched later.

use wasm_bindgen::{Clamped, JsCast};

use crate::browser;

/// The average colour as a background that is there at once; `None` where the text is not a ThumbHash.
pub(crate) fn colour(hash: &str) -> Option<String> {
    let bytes = bytes(hash)?;
    let [first, second, third, ..] = bytes[..] else { return None };
    let bits = u32::from(first) | u32::from(second) << 8 | u32::from(third) << 16;
    // Lightness, and how far from it to yellow and to red, in 63ths of the whole, as the format has them.
    let part = |at: u32| ((bits >> at) & 63) as i32;
    let (light, yellow, red) = (part(0) * 3, part(6) * 6 - 189, part(12) * 6 - 189);
    let blue = light - yellow * 2 / 3;
    let r = i32::midpoint(3 * light - blue, red);
    let byte = |value: i32| (value * 255 / 189).clamp(0, 255);
    let colour = format!("rgb({} {} {})", byte(r), byte(r - red), byte(blue));
    Some(format!("linear-gradient({colour},{colour})"))
}

fn bytes(hash: &str) -> Option<Vec<u8>> {
    Some(browser::window().atob(hash).ok()?.chars().map(|c| c as u8).collect())
}

/// The blur as a `url(…)` for a background; `None` where the text is not a ThumbHash.
pub(crate) fn background(hash: &str) -> Option<String> {
    let bytes = bytes(hash)?;
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

//! Closures whose type is forgotten. A view is compiled anew for every type in it, and every closure is a
//! type of its own: boxed, all that return the same share one piece of code, and less is downloaded.

use leptos::prelude::*;

/// A part of a view that follows the signals it reads.
pub(crate) type Dynamic<T> = Box<dyn FnMut() -> T + Send>;

/// Forgets the type of a closure.
pub(crate) fn dynamic<T>(read: impl FnMut() -> T + Send + 'static) -> Dynamic<T> {
    Box::new(read)
}

/// Draws while the condition holds; drawn anew only when it comes to hold again.
pub(crate) fn when(
    condition: impl Fn() -> bool + Send + Sync + 'static,
    draw: impl Fn() -> AnyView + Send + 'static,
) -> Dynamic<AnyView> {
    let holds = Memo::new(move |_| condition());
    dynamic(move || if holds.get() { draw() } else { ().into_any() })
}

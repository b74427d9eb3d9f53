//! A modal dialog on the browser's own `<dialog>`: focus inside while it is open and back where it was
//! afterwards, Escape closes.

use leptos::{html, prelude::*};

use super::dynamic::when;

/// The dialog that contents belong to.
#[derive(Clone, Copy)]
pub(crate) struct SheetHandle(NodeRef<html::Dialog>);

impl SheetHandle {
    /// Closes it; the focus goes back by itself.
    pub(crate) fn close(self) {
        // It may have gone already, with what it is about.
        if let Some(Some(dialog)) = self.0.try_get_untracked() {
            dialog.close();
        }
    }
}

/// The dialog around the caller.
pub(crate) fn use_sheet() -> SheetHandle {
    expect_context::<SheetHandle>()
}

/// Whether the dialog is open that is so while there is something that it is about; closed, it forgets it.
pub(crate) fn open_while<T: Send + Sync + 'static>(about: RwSignal<Option<T>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move || open.set(about.with(Option::is_some)));
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            about.set(None);
        }
        is_open
    });
    open
}

/// A dialog that is there while `open` holds.
#[component]
pub(crate) fn Sheet(
    open: RwSignal<bool>,
    /// Its name; shown as its title.
    #[prop(into)]
    title: Signal<String>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            // Fails only for a dialog that is open already.
            dialog.show_modal().ok();
        }
    });
    let children = StoredValue::new(children);
    view! {
        {when(move || open.get(), move || view! {
            <dialog
                class="sheet"
                node_ref=dialog
                aria-label=title.get_untracked()
                on:close=move |_| open.set(false)
                on:click=move |event| {
                    // A press on the backdrop lands on the dialog itself.
                    if dialog.get_untracked().is_some_and(|dialog| event.target().as_ref() == Some(dialog.as_ref())) {
                        SheetHandle(dialog).close();
                    }
                }
            >
                <div class="sheet-in">
                    <h2>{title.get_untracked()}</h2>
                    {
                        provide_context(SheetHandle(dialog));
                        children.with_value(|children| children())
                    }
                </div>
            </dialog>
        }.into_any())}
    }
}

//! What a session has to do with what its client publishes (M2): it hands the draft to who can write, and the
//! answer to the client. It knows no store.

use shared::{
    ClientFrame, ServerFrame, Topic,
    frame::{Publish, Published},
    rest::ErrorDetail,
};

use super::Session;

impl Session {
    /// The draft that came in a `publish` frame, for who can publish it.
    pub fn take_draft(&mut self) -> Option<Box<Publish>> {
        self.draft.take()
    }

    /// A draft is on the disk.
    pub fn published(&mut self, topic: Topic, published: Published) {
        self.reply(&ServerFrame::Published(topic, published));
    }

    /// A draft is not taken. That is no misuse of the connection: an outbox may hold many that are refused.
    pub fn refuse_draft(&mut self, publish: Publish, mut detail: ErrorDetail) {
        name(&mut detail, &ClientFrame::Publish(publish));
        self.reply(&ServerFrame::Error(detail));
    }
}

/// Names what was not done, so that the client knows what to ask for again.
pub(super) fn name(detail: &mut ErrorDetail, frame: &ClientFrame) {
    match frame {
        ClientFrame::Subscribe(subscribe) => {
            detail.topic = Some(subscribe.name.topic().to_string());
            detail.reference = subscribe.reference;
        }
        ClientFrame::Publish(publish) => {
            detail.topic = Some(publish.topic.to_string());
            detail.key = Some(Box::new(publish.key.clone()));
            detail.reference = publish.reference;
        }
        _ => {}
    }
}

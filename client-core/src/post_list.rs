//! The posts that somebody owns or edits, as their board shows them. Told on one's own topic; a snapshot does
//! not say which of what was heard meanwhile it has in it, and an answer may come before or after the
//! publication that says the same. So a post only ever becomes newer, by its version. How many comments it has is told
//! beside that, in order. Called by the page.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    PostId, WebhookId,
    model::post::{DeliveryState, Destination, Post, PostChange, PostDeleted, PostStatus, Target},
};

/// The posts, by their ids.
#[derive(Debug, Clone, Default)]
pub struct PostList {
    posts: BTreeMap<PostId, Post>,
    /// Snapshots that have been asked for and have not come.
    loading: u32,
    /// What was heard since the first of them was asked for.
    heard: Vec<PostChange>,
    /// Heard to be gone since the last snapshot: a late answer does not bring them back.
    gone: BTreeSet<PostId>,
}

impl PostList {
    /// A snapshot is being asked for. What comes of it is told by [`Self::load`] or [`Self::load_failed`].
    pub fn begin_load(&mut self) {
        self.loading += 1;
    }

    /// The snapshot has come, with all posts that there are.
    pub fn load(&mut self, posts: impl IntoIterator<Item = Post>) {
        self.posts = posts.into_iter().map(|post| (post.id.clone(), post)).collect();
        for change in std::mem::take(&mut self.heard) {
            self.change(&change);
            self.heard.push(change);
        }
        self.end_load();
    }

    /// No snapshot has come.
    pub fn load_failed(&mut self) {
        self.end_load();
    }

    fn end_load(&mut self) {
        self.loading = self.loading.saturating_sub(1);
        if self.loading == 0 {
            self.heard = Vec::new();
            self.gone = BTreeSet::new();
        }
    }

    /// Takes what was published. Returns the post if it was known and has come to another status by this.
    pub fn apply(&mut self, change: PostChange) -> Option<&Post> {
        let moved = self.change(&change);
        if self.loading > 0 {
            self.heard.push(change);
        }
        self.posts.get(&moved?)
    }

    /// Takes what the server has answered to a change that was made here.
    pub fn answered(&mut self, post: Post) -> Option<&Post> {
        if self.gone.contains(&post.id) {
            return None;
        }
        self.apply(PostChange::Updated(Box::new(post)))
    }

    /// The server has deleted a post as it was asked to from here.
    pub fn deleted(&mut self, id: &PostId) {
        self.apply(PostChange::Deleted(PostDeleted { post_id: id.clone() }));
    }

    fn change(&mut self, change: &PostChange) -> Option<PostId> {
        match change {
            PostChange::Created(post)
            | PostChange::Updated(post)
            | PostChange::Publishing(post)
            | PostChange::Published(post)
            | PostChange::Failed(post) => self.put(post),
            PostChange::Deleted(deleted) => {
                self.posts.remove(&deleted.post_id);
                self.gone.insert(deleted.post_id.clone());
                None
            }
            PostChange::Comments(counted) => {
                if let Some(post) = self.posts.get_mut(&counted.post_id) {
                    post.comments = counted.comments;
                }
                None
            }
            PostChange::Likes(likes) => {
                if let Some(post) = self.posts.get_mut(&likes.post_id) {
                    post.liked_by.clone_from(&likes.liked_by);
                }
                None
            }
            PostChange::Access(_) => None,
        }
    }

    fn put(&mut self, post: &Post) -> Option<PostId> {
        let known = self.posts.get(&post.id);
        if known.is_some_and(|known| known.version >= post.version) {
            return None;
        }
        let moved = known.is_some_and(|known| known.status != post.status);
        self.gone.remove(&post.id);
        self.posts.insert(post.id.clone(), post.clone());
        moved.then(|| post.id.clone())
    }

    pub fn get(&self, id: &PostId) -> Option<&Post> {
        self.posts.get(id)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Whether a post that has not gone out there yet is to go to this webhook.
    pub fn waits_for(&self, webhook: &WebhookId) -> bool {
        let goes_there = |place: &Destination| {
            place.state != DeliveryState::Delivered
                && matches!(&place.target, Target::Webhook { webhook_id, .. } if webhook_id == webhook)
        };
        self.posts.values().any(|post| post.destinations.iter().any(goes_there))
    }

    /// The posts of a status: what goes out next first, otherwise the latest change first.
    pub fn column(&self, status: PostStatus) -> Vec<PostId> {
        let mut chosen: Vec<&Post> = self.posts.values().filter(|post| post.status == status).collect();
        match status {
            PostStatus::Scheduled => {
                chosen.sort_by(|a, b| (&a.publish_at, &a.id).cmp(&(&b.publish_at, &b.id)));
            }
            _ => chosen.sort_by(|a, b| (&b.updated_at, &b.id).cmp(&(&a.updated_at, &a.id))),
        }
        chosen.into_iter().map(|post| post.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use shared::model::{
        account::Person,
        media::MediaKind,
        post::{PostAccessChanged, PostComments},
    };

    use super::*;

    fn id(text: &str) -> PostId {
        text.parse().unwrap()
    }

    fn post(name: &str, version: u64, status: PostStatus) -> Post {
        let at = |second: u64| format!("2026-11-21T20:00:{second:02}.000Z").parse().unwrap();
        Post {
            id: id(name),
            version,
            status,
            owner: Person {
                id: "a1".parse().unwrap(),
                name: "ada".to_owned(),
                display_name: "Ada".to_owned(),
            },
            editors: Vec::new(),
            text: String::new(),
            kind: MediaKind::Text,
            attachment: None,
            destinations: Vec::new(),
            publish_at: Some(at(59 - version)),
            published_at: None,
            failure: None,
            comments: 0,
            liked_by: Vec::new(),
            created_at: at(0),
            updated_at: at(version),
        }
    }

    fn updated(name: &str, version: u64, status: PostStatus) -> PostChange {
        PostChange::Updated(Box::new(post(name, version, status)))
    }

    fn deleted(name: &str) -> PostChange {
        PostChange::Deleted(PostDeleted { post_id: id(name) })
    }

    fn version(list: &PostList, name: &str) -> Option<u64> {
        list.get(&id(name)).map(|post| post.version)
    }

    #[test]
    fn p1_a_post_only_becomes_newer() {
        let mut list = PostList::default();
        assert_eq!(list.apply(updated("p", 2, PostStatus::Draft)), None, "it was not known");
        let moved = list.apply(PostChange::Publishing(Box::new(post("p", 3, PostStatus::Publishing))));
        assert_eq!(moved.map(|post| post.status), Some(PostStatus::Publishing));
        assert_eq!(list.answered(post("p", 2, PostStatus::Scheduled)), None, "an answer that was overtaken");
        assert_eq!(list.apply(updated("p", 3, PostStatus::Draft)), None, "the same again");
        assert_eq!(version(&list, "p"), Some(3));
        list.apply(PostChange::Access(PostAccessChanged { post_id: id("p") }));
        assert_eq!(version(&list, "p"), Some(3));
    }

    #[test]
    fn p1_what_is_heard_while_a_snapshot_is_under_way_is_not_lost_to_it() {
        let mut list = PostList::default();
        list.begin_load();
        list.apply(updated("new", 1, PostStatus::Draft));
        list.apply(updated("both", 2, PostStatus::Draft));
        list.apply(deleted("old"));
        list.load([post("both", 3, PostStatus::Draft), post("old", 9, PostStatus::Draft)]);
        assert_eq!(
            [version(&list, "new"), version(&list, "both"), version(&list, "old")],
            [Some(1), Some(3), None]
        );
        list.begin_load();
        list.load([]);
        assert!(list.is_empty(), "what was heard before is for the snapshot to say");
    }

    #[test]
    fn p3_comments_are_counted_whatever_the_version() {
        let mut list = PostList::default();
        let counted = |comments| PostChange::Comments(PostComments { post_id: id("p"), comments });
        let comments = |list: &PostList| list.get(&id("p")).map(|post| post.comments);
        list.apply(counted(1));
        assert!(list.is_empty(), "a post that is not known is not made up");
        list.apply(updated("p", 3, PostStatus::Draft));
        list.begin_load();
        assert_eq!(list.apply(counted(2)), None, "it has not moved");
        assert_eq!(comments(&list), Some(2));
        list.answered(post("p", 3, PostStatus::Draft));
        assert_eq!(comments(&list), Some(2), "an answer of before says nothing new");
        list.load([post("p", 3, PostStatus::Draft)]);
        assert_eq!(comments(&list), Some(2), "nor does a snapshot of before");
        list.apply(counted(1));
        assert_eq!((comments(&list), version(&list, "p")), (Some(1), Some(3)));
    }

    #[test]
    fn p1_a_late_answer_does_not_bring_a_deleted_post_back() {
        let mut list = PostList::default();
        list.apply(updated("p", 1, PostStatus::Draft));
        list.apply(deleted("p"));
        list.answered(post("p", 2, PostStatus::Draft));
        assert!(list.is_empty());
        // Shared again it is there again.
        list.apply(PostChange::Created(Box::new(post("p", 4, PostStatus::Draft))));
        list.answered(post("p", 5, PostStatus::Draft));
        assert_eq!(version(&list, "p"), Some(5));
    }

    #[test]
    fn p1_columns_have_their_order() {
        let mut list = PostList::default();
        let all = [("a", 1), ("b", 2), ("c", 3)];
        list.load(all.map(|(name, version)| post(name, version, PostStatus::Draft)));
        let names =
            |list: &PostList, status| list.column(status).iter().map(PostId::to_string).collect::<String>();
        assert_eq!(names(&list, PostStatus::Draft), "cba", "the latest change first");
        for (name, version) in [("a", 4), ("c", 5)] {
            list.apply(updated(name, version, PostStatus::Scheduled));
        }
        assert_eq!(names(&list, PostStatus::Scheduled), "ca", "what goes out next first");
        assert_eq!(names(&list, PostStatus::Draft), "b");
    }
}

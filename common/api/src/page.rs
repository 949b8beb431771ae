//! Long lists, a page at a time.

use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Paged<T> {
    /// As many as were asked for, or fewer.
    pub items: Vec<T>,
    /// What to send as `after` to get the page after this one; missing on the last page. It says nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Paged<T> {
    /// A page of what was read with a limit of one more than wanted: `mark` tells where the page after it begins.
    pub fn new(mut items: Vec<T>, limit: usize, mark: impl Fn(&T) -> String) -> Self {
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(mark);
        Self { items, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Paged<U> {
        Paged {
            items: self.items.into_iter().map(into).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_after_it_says_where_to_go_on() {
        let page = |read: Vec<i64>| Paged::new(read, 2, i64::to_string).next;
        assert_eq!(page(vec![1, 2, 3]), Some("2".into()));
        assert_eq!((page(vec![1, 2]), page(vec![])), (None, None));
        let paged = Paged::new(vec![1, 2, 3], 2, i64::to_string).map(|n| n * 10);
        assert_eq!(paged.items, [10, 20]);
    }
}

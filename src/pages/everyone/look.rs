//! Choosing language and type size by a link; the choice is kept in a cookie of this browser alone.

use actix_web::HttpRequest;

use crate::{
    pages::{
        forms::Asked,
        visit::{Crumb, Look, Shown, TypeSize, go},
    },
    words::Lang,
};

/// `GET /look?lang=en&back=/`
pub async fn choose(request: HttpRequest, Asked(query): Asked) -> Shown {
    let look = Look::of(&request);
    let lang = Lang::from_word(query.get("lang")).map(|lang| look.choice(Crumb::Lang, lang.as_str()));
    let size = TypeSize::from_word(query.get("size")).map(|size| look.choice(Crumb::Size, size.as_str()));
    let mut answer = go(&local(query.get("back")));
    for cookie in lang.iter().chain(&size) {
        // A cookie of ours can be written.
        drop(answer.add_cookie(cookie));
    }
    Ok(answer)
}

/// An address of our own, or else the start page: nobody is led to another site.
pub fn local(to: &str) -> String {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if ours { to.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for bad in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nx: y", "javascript:1"]
        {
            assert_eq!(local(bad), "/", "{bad}");
        }
        assert_eq!(local("/people/1?a=b"), "/people/1?a=b");
    }
}

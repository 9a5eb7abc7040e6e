//! What a JSON text says twice.

use std::collections::HashSet;

/// The first key that comes twice in one object of a text, which is known to be JSON.
pub fn repeated_key(text: &str) -> Option<String> {
    // The keys of each open object; an array has none.
    let mut open: Vec<HashSet<String>> = Vec::new();
    let mut last = "";
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' | b'[' => open.push(HashSet::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let length = string_length(&text[at..]);
                last = &text[at..at + length];
                at += length - 1;
            }
            // Whatever string came last is the key.
            b':' => {
                let key: String = serde_json::from_str(last).ok()?;
                if open.last().is_some_and(|keys| keys.contains(&key)) {
                    return Some(key);
                }
                open.last_mut()?.insert(key);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// How long the string is that a text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::repeated_key;

    #[test]
    fn a_key_that_comes_twice_in_one_object_is_found() {
        for (text, key) in [
            (r#"{"a":1,"a":1}"#, Some("a")),
            (r#"{"a":1,"\u0061":2}"#, Some("a")),
            (r#"{"x":[{"b":{}, "c":"d", "b":null}]}"#, Some("b")),
            (r#"[{"a":1},{"a":2,"b":[1,{"q\"":1 , "q\"" : 2}]}]"#, Some("q\"")),
            (r#"{"a":{"a":{"a":1}},"b":"a"}"#, None),
            (r#"{"a":"\"a\":1,","b":"{\"a\":1","c":"\\"}"#, None),
            (r#"[{"a":1},{"a":1}]"#, None),
            (r#""a:a""#, None),
            ("7", None),
        ] {
            assert_eq!(repeated_key(text).as_deref(), key, "{text}");
        }
    }
}

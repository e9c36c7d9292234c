//! Reads the XML of Basic Outcomes by the local names of its elements, because platforms use
//! several namespaces and prefixes.

use quick_xml::Reader;
use quick_xml::escape::{resolve_html5_entity, resolve_xml_entity};
use quick_xml::events::{BytesRef, Event};

/// The maximum depth of nested elements. A valid message has eight levels.
pub(super) const DEEPEST: usize = 64;

/// Why a message is unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum XmlError {
    /// It is not well-formed XML, or incomplete.
    NotXml,
    /// It has a document type, which can define entities and refer to files.
    DocumentType,
    /// Its elements are nested too deeply.
    TooDeep,
}

/// An open element.
struct Element {
    local_name: String,
    text: String,
}

/// Reads a complete document. Calls `on_element` at the end of each element, with the name of its
/// parent (empty for the root), its own name, and its text.
pub(super) fn read(xml: &str, on_element: impl FnMut(&str, &str, String)) -> Result<(), XmlError> {
    read_elements(xml, false, on_element)
}

/// Like [`read`], for a text that contains a document whose root has this local name.
///
/// PHP writes its notices before a page, or after it, and some platforms write entities of HTML or
/// an unescaped `&`. So this skips the text around the root, resolves entities of HTML, and reads
/// an `&` without an entity as itself. With two roots, no one knows which of them counts.
pub(super) fn read_within(
    text: &str,
    root: &str,
    on_element: impl FnMut(&str, &str, String),
) -> Result<(), XmlError> {
    let mut starts = starts_of(text, root);
    let (before, document) = match (starts.next(), starts.next()) {
        (Some(start), None) => text.split_at(start),
        _ => return Err(XmlError::NotXml),
    };
    if before.to_ascii_lowercase().contains("<!doctype") {
        return Err(XmlError::DocumentType);
    }
    read_elements(document, true, on_element)
}

/// The positions of the start tags with this local name.
fn starts_of<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices('<').map(|(at, _)| at).filter(move |at| {
        let tag = text.get(at + 1..).unwrap_or_default();
        let end = tag.find(|letter: char| letter.is_whitespace() || "<>/".contains(letter));
        let tag = tag.get(..end.unwrap_or(tag.len())).unwrap_or_default();
        tag.rsplit_once(':').map_or(tag, |(_, local_name)| local_name) == name
    })
}

/// Reads a document. If `is_lenient`, it ends with its root.
fn read_elements(
    xml: &str,
    is_lenient: bool,
    mut on_element: impl FnMut(&str, &str, String),
) -> Result<(), XmlError> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().allow_dangling_amp = is_lenient;
    let mut open: Vec<Element> = Vec::new();
    let mut had_root = false;
    loop {
        let text = match reader.read_event().map_err(|_| XmlError::NotXml)? {
            Event::Start(tag) => {
                if open.is_empty() && std::mem::replace(&mut had_root, true) {
                    return Err(XmlError::NotXml);
                }
                if open.len() == DEEPEST {
                    return Err(XmlError::TooDeep);
                }
                let local_name = tag.local_name().as_ref().to_owned();
                open.push(Element { local_name, text: String::new() });
                continue;
            }
            Event::End(_) => {
                let closed = open.pop().ok_or(XmlError::NotXml)?;
                let parent =
                    open.last().map(|parent| parent.local_name.as_str()).unwrap_or_default();
                on_element(parent, &closed.local_name, closed.text);
                if is_lenient && open.is_empty() {
                    return Ok(());
                }
                continue;
            }
            Event::Text(text) => text.xml10_content(),
            Event::CData(text) => text.xml10_content(),
            Event::GeneralRef(reference) => {
                resolve(&reference, is_lenient).ok_or(XmlError::NotXml)?.into()
            }
            Event::DocType(_) => return Err(XmlError::DocumentType),
            // The reader expands an empty element to a start and an end.
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => continue,
            Event::Eof if had_root && open.is_empty() => return Ok(()),
            Event::Eof => return Err(XmlError::NotXml),
        };
        match open.last_mut() {
            Some(element) => element.text.push_str(&text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlError::NotXml),
        }
    }
}

/// Resolves a reference: a character, or one of the five predefined entities of XML. Without a
/// document type, there are no other entities, except in HTML.
fn resolve(reference: &BytesRef<'_>, is_lenient: bool) -> Option<String> {
    if let Some(letter) = reference.resolve_char_ref().ok()? {
        return Some(letter.into());
    }
    let html = || resolve_html5_entity(reference).filter(|_| is_lenient);
    resolve_xml_entity(reference).or_else(html).map(str::to_owned)
}

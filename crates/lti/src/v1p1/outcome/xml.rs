//! The XML of Basic Outcomes, read by the local names of its elements: platforms use several namespaces and prefixes.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

/// The most elements around one another. A good message has eight.
pub(super) const DEEPEST: usize = 64;

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum XmlError {
    /// It is not well-formed XML, or not all of it.
    NotXml,
    /// It has a document type, which can define entities and name other files.
    DocumentType,
    /// Its elements are nested too deeply.
    TooDeep,
}

/// An element that is not closed yet.
struct Element {
    local_name: String,
    text: String,
}

/// Reads one whole document, and tells each element when it ends: the name of the element around it (empty for the outermost),
/// its own name, and its text.
pub(super) fn read(xml: &str, mut tell: impl FnMut(&str, &str, String)) -> Result<(), XmlError> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
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
                tell(parent, &closed.local_name, closed.text);
                continue;
            }
            Event::Text(text) => text.xml10_content(),
            Event::CData(text) => text.xml10_content(),
            Event::GeneralRef(reference) => resolve(&reference).ok_or(XmlError::NotXml)?.into(),
            Event::DocType(_) => return Err(XmlError::DocumentType),
            // Empty elements come as a start and an end.
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

/// What a reference stands for: a character, or one of the five entities that XML has by itself. There are no others without
/// a document type.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(letter) => Some(letter.into()),
        None => resolve_xml_entity(reference).map(str::to_owned),
    }
}

//! The keys of a tools file as a JSON Schema, which editors use for completion and validation.
//!
//! Draft 7, because the TOML server of every editor supports it. The schema of a key has no
//! reference (`$ref`), because some servers hide the description beside one. Only `check` tests
//! rules about several tables, the environment or other files.

use serde_json::{Map, Value, json};

use super::key::{FILE, Key, KeyChoice, KeyDefault, Keys, Kind, VARIABLE};
use super::limit::LARGEST_POINTS;
use super::shape::Shape;

/// The JSON Schema of a tools file, as JSON. It does not depend on any file or variable.
pub fn schema() -> String {
    let mut schema = of_table(&FILE);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(FILE.table);
    schema["definitions"]["variable"] = of_table(&VARIABLE);
    format!("{schema:#}\n")
}

fn of_table(table: &Keys) -> Value {
    let properties: Map<_, _> =
        table.all.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let mut schema = json!({
        "type": "object",
        "description": table.description,
        "properties": properties,
        "additionalProperties": false,
    });
    let required = table.all.iter().filter(|key| matches!(key.default, KeyDefault::Required));
    let required: Vec<_> = required.map(|key| key.name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    for key in table.all.iter().filter(|key| !key.requires.is_empty()) {
        schema["dependencies"][key.name] = match key.requires {
            [one] => json!([one]),
            several => of_choice(&KeyChoice::AtLeastOne(several)),
        };
    }
    if !table.choices.is_empty() {
        schema["allOf"] = table.choices.iter().map(of_choice).collect();
    }
    schema
}

fn of_choice(choice: &KeyChoice) -> Value {
    let each =
        |keys: &[&str]| keys.iter().map(|key| json!({ "required": [key] })).collect::<Value>();
    match choice {
        KeyChoice::ExactlyOne(keys) => json!({ "oneOf": each(keys) }),
        KeyChoice::AtLeastOne(keys) => json!({ "anyOf": each(keys) }),
        KeyChoice::AtMostOne(keys) => {
            let pairs = keys.iter().enumerate().flat_map(|(at, one)| {
                keys[at + 1..].iter().map(move |other| json!({ "required": [one, other] }))
            });
            json!({ "not": { "anyOf": pairs.collect::<Value>() } })
        }
    }
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_kind(&key.kind);
    schema["description"] = json!(format!("{}\n\n`{}`", key.description, key.example));
    match key.default {
        KeyDefault::String(text) => schema["default"] = json!(text),
        KeyDefault::List(texts) => schema["default"] = json!(texts),
        KeyDefault::False => schema["default"] = json!(false),
        KeyDefault::Required | KeyDefault::Described(_) => {}
    }
    schema
}

fn of_kind(kind: &Kind) -> Value {
    match kind {
        Kind::String(shape) => of_shape(shape),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Points => {
            json!({ "type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_POINTS })
        }
        Kind::List(item, fewest) => {
            json!({ "type": "array", "items": of_kind(item), "minItems": fewest })
        }
        Kind::OneOrList(item, fewest) => {
            json!({ "anyOf": [of_kind(item), of_kind(&Kind::List(item, *fewest))] })
        }
        Kind::Variable => json!({ "$ref": "#/definitions/variable" }),
        Kind::Table(table) => of_table(table),
        Kind::Map(name, value, fewest) => json!({
            "type": "object",
            "patternProperties": { name.pattern: of_kind(value) },
            "additionalProperties": false,
            "minProperties": fewest,
        }),
        Kind::AnyTable => json!({ "type": "object", "additionalProperties": true }),
        Kind::AnyOf(kinds) => json!({ "anyOf": kinds.iter().map(of_kind).collect::<Value>() }),
    }
}

fn of_shape(shape: &Shape) -> Value {
    let mut schema = json!({ "type": "string" });
    if shape.shortest > 0 {
        schema["minLength"] = json!(shape.shortest);
    }
    if !shape.pattern.is_empty() {
        schema["pattern"] = json!(shape.pattern);
    }
    if !shape.excluded.is_empty() {
        schema["not"] = json!({ "pattern": shape.excluded });
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(keys: &[&str]) -> Value {
        keys.iter().map(|key| json!({ "required": [key] })).collect()
    }

    #[test]
    fn a_choice_limits_how_many_of_its_keys_a_table_has() {
        const KEYS: &[&str] = &["a", "b", "c"];
        assert_eq!(of_choice(&KeyChoice::ExactlyOne(KEYS)), json!({ "oneOf": required(KEYS) }));
        assert_eq!(of_choice(&KeyChoice::AtLeastOne(KEYS)), json!({ "anyOf": required(KEYS) }));
        let pairs = [["a", "b"], ["a", "c"], ["b", "c"]].map(|pair| json!({ "required": pair }));
        assert_eq!(of_choice(&KeyChoice::AtMostOne(KEYS)), json!({ "not": { "anyOf": pairs } }));
    }
}

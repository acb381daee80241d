//! What the program is made of, from `Cargo.lock`: a bill of materials in `CycloneDX` 1.5.

use serde_json::{Value, json};

/// Everything that may be linked or run by a test, with the checksum that cargo holds it to.
pub fn bill_of_materials(lock: &str) -> String {
    let lock: toml::Table = lock.parse().expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("packages");
    let text = |package: &toml::Value, key: &str| -> Option<String> {
        package.get(key).and_then(toml::Value::as_str).map(str::to_owned)
    };
    let components = packages.iter().filter_map(|package| {
        // What has no checksum is this package itself.
        let checksum = text(package, "checksum")?;
        let (name, version) = (text(package, "name")?, text(package, "version")?);
        let purl = format!("pkg:cargo/{name}@{version}");
        Some(json!({
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": checksum}],
        }))
    });
    let components: Vec<Value> = components.collect();
    let own =
        packages.iter().find(|package| text(package, "name").as_deref() == Some("windtunnel"));
    let version = own.and_then(|own| text(own, "version")).expect("the package itself");
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "windtunnel", "version": version},
        },
        "components": components,
    });
    format!("{bill:#}\n")
}

#[test]
fn a_bill_names_what_cargo_holds_to_a_checksum() {
    let lock = "version = 4\n[[package]]\nname = \"windtunnel\"\nversion = \"1.2.3\"\n\
                [[package]]\nname = \"a\"\nversion = \"0.1.0\"\nchecksum = \"0f\"\n";
    let bill: Value = serde_json::from_str(&bill_of_materials(lock)).unwrap();
    assert_eq!(bill["metadata"]["component"]["version"], "1.2.3");
    let [only] = bill["components"].as_array().unwrap().as_slice() else { panic!("{bill}") };
    assert_eq!(only["purl"], "pkg:cargo/a@0.1.0");
    assert_eq!(only["hashes"][0]["content"], "0f");
}

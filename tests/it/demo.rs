//! The demonstration, as people start it: a program of its own on a free port.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::directory;

/// The program, told to make its database here.
fn demo(here: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
    command
        .current_dir(here)
        .args(["demo", "--bind", "127.0.0.1:0", "--sign-ins", "sign-ins.json"])
        .env_remove("DATABASE_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The address that it says it serves on, once it does; all that it said where it does not.
fn address(child: &mut Child) -> Result<String, String> {
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("serves on ") {
            return Ok(rest.split(' ').next().unwrap().to_owned());
        }
        said += &(line + "\n");
    }
    Err(said)
}

/// An amount of yuan or a number of people, in the smallest unit.
fn amount(cell: &str) -> i64 {
    cell.trim().replace('.', "").parse().unwrap()
}

/// Recomputes every line of the table, and the last from those before it.
fn assert_adds_up(table: &[Vec<&str>]) {
    let head: Vec<&str> = table[0].iter().map(|cell| cell.trim()).collect();
    let at = |name: &str| head.iter().position(|cell| *cell == name).unwrap();
    let payers: Vec<usize> = (0..head.len()).filter(|column| head[*column].starts_with("by ")).collect();
    for line in &table[1..] {
        let charged = amount(line[at("charge")]);
        assert_eq!(payers.iter().map(|column| amount(line[*column])).sum::<i64>(), charged, "{line:?}");
        let (confirmed, no_shows) = (amount(line[at("confirmed")]), amount(line[at("no-shows")]));
        let (served, walk_ins) = (amount(line[at("served")]), amount(line[at("walk-ins")]));
        assert_eq!(confirmed, served - walk_ins + no_shows, "{line:?}");
        assert!(charged > 0 && served > 0, "{line:?}");
        assert_eq!(line[at("adds up")].trim(), "yes");
    }
    let (total, canteens) = table[1..].split_last().unwrap();
    for column in 1..head.len() - 1 {
        let sum: i64 = canteens.iter().map(|line| amount(line[column])).sum();
        assert_eq!(sum, amount(total[column]), "{}", head[column]);
    }
}

plain! {
    async fn the_demonstration_adds_up_and_everybody_can_sign_in() {
        let here = directory();
        let mut child = demo(here.path()).spawn().unwrap();
        let base = address(&mut child).unwrap_or_else(|said| panic!("it did not come to serve: {said}"));

        let sign_ins: Vec<Value> =
            serde_json::from_str(&fs::read_to_string(here.path().join("sign-ins.json")).unwrap()).unwrap();
        for role in ["resident", "family", "volunteer", "staff", "district", "auditor", "admin"] {
            let mut secret = sign_ins.iter().find(|sign_in| sign_in["role"] == role).unwrap().clone();
            let fields = ["user_name", "password", "card_number", "pin"];
            secret.as_object_mut().unwrap().retain(|name, _| fields.contains(&name.as_str()));
            let mut reply = ureq::post(format!("{base}/api/v1/auth/sign-in")).send_json(&secret).unwrap();
            let tokens: Value = reply.body_mut().read_json().unwrap();
            assert_ne!(tokens["access_token"], json!(null), "{role}");
        }

        // It makes nothing anew where something is.
        let again = demo(here.path()).output().unwrap();
        assert!(!again.status.success());
        assert!(String::from_utf8_lossy(&again.stderr).contains("demo_database_exists"));

        // The auditor finds a month and a day of it true, while it is served.
        let verified = Command::new(env!("CARGO_BIN_EXE_leling"))
            .current_dir(here.path())
            .args(["verify", "--database-url", "sqlite:leling-demo.db"])
            .output()
            .unwrap();
        let (found, said) = (String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
        assert!(verified.status.success(), "{found}{said}");

        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let mut printed = String::new();
        child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert!(child.wait().unwrap().success());
        let table: Vec<Vec<&str>> =
            printed.lines().filter(|line| line.contains(" | ")).map(|line| line.split(" | ").collect()).collect();
        assert_adds_up(&table);
    }
}

"use strict";
// What the pages do better with a script; without it they lack nothing but convenience.
(() => {
	const script = document.currentScript;
	const base = new URL(script.dataset.base, location.href);

	// "3 days ago", the exact time in the title
	const steps = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
	const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
	function ago(seconds) {
		const age = Date.now() / 1000 - seconds;
		for (const [unit, length] of steps)
			if (Math.abs(age) >= length)
				return words.format(-Math.trunc(age / length), unit);
		return "just now";
	}
	for (const t of document.querySelectorAll("time[datetime]")) {
		t.title = t.dateTime;
		t.textContent = ago(Date.parse(t.dateTime) / 1000);
	}

	// commands name the server that the page came from when it was not told its own name
	for (const s of document.querySelectorAll("[data-host]"))
		s.textContent = s.dataset.host === "url" ? base.href.replace(/\/$/, "") : base.host + base.pathname.replace(/\/$/, "");

	for (const pre of document.querySelectorAll("pre")) {
		const button = document.createElement("button");
		const text = pre.textContent;
		button.type = "button";
		button.className = "copy";
		button.textContent = "Copy";
		button.addEventListener("click", async () => {
			try {
				await navigator.clipboard.writeText(text);
				button.textContent = "Copied";
			} catch {
				button.textContent = "Select and copy";
			}
			setTimeout(() => { button.textContent = "Copy"; }, 2000);
		});
		pre.append(button);
	}

	// search over the JSON API: every word must be in the name, an alias or the state
	const box = document.querySelector(".search");
	if (!box)
		return;
	const input = box.querySelector("input");
	const found = document.getElementById("found");
	const rows = found.querySelector("tbody");
	const said = document.getElementById("said");
	const most = 100;
	let images = null;
	box.hidden = false;

	async function load() {
		if (!images) {
			const answer = await fetch(new URL("api/v1/index.json", base));
			if (!answer.ok)
				throw new Error("HTTP " + answer.status);
			images = (await answer.json()).images;
			for (const i of images)
				i.text = [i.image, i.state, ...i.aliases].join(" ").toLowerCase();
		}
		return images;
	}
	function cell(row, text, href) {
		const td = row.insertCell();
		if (href) {
			const a = document.createElement("a");
			a.href = new URL(href, base);
			a.textContent = text;
			td.append(a);
		} else {
			td.textContent = text;
		}
	}
	function size(bytes) {
		let unit = 0;
		while (bytes >= 1000 && unit < 4) {
			bytes /= 1000;
			unit++;
		}
		return (unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)) + " " + ["B", "kB", "MB", "GB", "TB"][unit];
	}
	async function search() {
		const wanted = input.value.toLowerCase().split(/[\s/]+/).filter(Boolean);
		found.hidden = !wanted.length;
		if (!wanted.length) {
			said.textContent = "";
			return;
		}
		try {
			const hits = (await load()).filter((i) => wanted.every((w) => i.text.includes(w)));
			rows.replaceChildren();
			for (const i of hits.slice(0, most)) {
				const row = rows.insertRow();
				cell(row, i.image, i.page);
				cell(row, ago(i.created));
				cell(row, size(i.size));
				cell(row, i.eol ? (i.state === "eol" ? "ended " : "until ") + i.eol : "");
			}
			said.textContent = hits.length > most ? hits.length + " images, the first " + most + " are shown" :
				hits.length === 1 ? "1 image" : hits.length + " images";
			found.hidden = !hits.length;
		} catch (e) {
			said.textContent = "Search does not work now: " + e.message;
		}
	}
	input.addEventListener("input", search);
	if (input.value)
		search();
})();

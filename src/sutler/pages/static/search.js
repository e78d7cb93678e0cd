"use strict";

// Offers words while a query or its columns are typed: below the box, by mouse or with the arrow keys. Without this file
// the page works as well, and says after the search what is wrong.

(function () {
  const PAUSE = 180; // milliseconds without typing before words are looked up
  const query = document.getElementById("q");
  const columns = document.getElementById("columns");
  if (!query || !columns) return;

  offer(query, document.getElementById("words"), " ", () => ({}));
  offer(columns, document.getElementById("column-words"), ", ", () => ({ field: "columns", q: query.value.slice(-4000) }));

  // `ending` stands after a word that was taken; `ask` is what is asked beside the text before the caret.
  function offer(box, list, ending, ask) {
    let timer = null;
    let asking = null;
    let typed = "";
    let chosen = -1;

    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", list.id);
    box.setAttribute("aria-expanded", "false");

    function close() {
      clearTimeout(timer);
      if (asking) asking.abort();
      list.hidden = true;
      chosen = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      const items = list.children;
      chosen = (index + items.length) % items.length;
      for (let place = 0; place < items.length; place += 1) {
        items[place].setAttribute("aria-selected", String(place === chosen));
      }
      items[chosen].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", items[chosen].id);
    }

    function take(text) {
      const begin = box.selectionStart - typed.length;
      box.setRangeText(text, begin, box.selectionStart, "end");
      const goesOn = text.endsWith(":") || text.endsWith("(");
      const at = box.selectionStart;
      if (!goesOn && box.value[at] !== ending[0]) box.setRangeText(ending, at, at, "end");
      close();
      box.focus();
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function show(reply) {
      typed = reply.typed;
      list.replaceChildren(
        ...reply.items.map((item, index) => {
          const line = document.createElement("li");
          line.id = `${list.id}-${index}`;
          line.role = "option";
          const word = document.createElement("code");
          word.textContent = item.text;
          const kind = document.createElement("span");
          kind.className = "dim small";
          kind.textContent = item.kind === "word" ? "" : item.kind;
          line.append(word, kind);
          line.addEventListener("mousedown", (event) => {
            event.preventDefault();
            take(item.text);
          });
          return line;
        }),
      );
      chosen = -1;
      list.hidden = reply.items.length === 0;
      box.setAttribute("aria-expanded", String(!list.hidden));
      box.removeAttribute("aria-activedescendant");
    }

    async function look() {
      if (box.selectionStart !== box.selectionEnd || document.activeElement !== box) return close();
      if (asking) asking.abort();
      asking = new AbortController();
      const before = box.value.slice(Math.max(0, box.selectionStart - 4000), box.selectionStart);
      try {
        const address = `${box.dataset.words}?${new URLSearchParams({ text: before, ...ask() })}`;
        const reply = await fetch(address, { headers: { Accept: "application/json" }, signal: asking.signal });
        if (!reply.ok || reply.redirected) return close();
        show(await reply.json());
      } catch {
        // a newer question has taken its place, or the server is away: typing goes on
      }
    }

    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE);
    });

    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        box.form.requestSubmit();
      } else if (list.hidden) {
        if (event.key === " " && event.ctrlKey) {
          event.preventDefault();
          look();
        }
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
      } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
        event.preventDefault();
        take(list.children[chosen].firstChild.textContent);
      } else if (event.key === "Escape") {
        event.preventDefault();
        close();
      }
    });

    box.addEventListener("blur", close);
  }
})();

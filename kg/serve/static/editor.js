// The SPARQL editor: YASGUI over this server's own endpoint, with the questions at hand and the words of the data for completion.
"use strict";
(async () => {
  const Yasgui = window.Yasgui.default || window.Yasgui;
  const Yasqe = Yasgui.Yasqe;
  const get = async (path) => (await fetch(path, { headers: { Accept: "application/json" } })).json();
  const [classes, properties, questions] = await Promise.all([
    get("/complete?kind=class"), get("/complete?kind=property"), get("/questions"),
  ]);
  const prefixes = classes.prefixes;
  const among = (found) => (yasqe, token) => {
    const known = yasqe.getPrefixesFromQuery();
    const wanted = (token.autocompletionString || "").toLowerCase();
    const stem = token.string.replace(/^.*:/, "").toLowerCase();
    return found.filter((one) => one.toLowerCase().startsWith(wanted) || (stem && one.toLowerCase().includes(stem)));
  };
  Yasqe.forkAutocompleter("class", { name: "classes", bulk: false, get: among(classes.found) });
  Yasqe.forkAutocompleter("property", { name: "properties", bulk: false, get: among(properties.found) });
  Yasqe.forkAutocompleter("prefixes", {
    name: "known-prefixes", bulk: true, get: () => Object.entries(prefixes).map(([name, iri]) => `${name}: <${iri}>`),
  });
  Yasqe.defaults.autocompleters = ["known-prefixes", "variables", "classes", "properties"];
  const head = Object.entries(prefixes).map(([name, iri]) => `PREFIX ${name}: <${iri}>`).join("\n");
  const start = `${head}\n\nSELECT ?trial ?title WHERE {\n  ?trial a tk:Trial ; dcterms:title ?title .\n}\nLIMIT 20\n`;
  Yasqe.defaults.value = start;
  const address = location.origin + "/sparql";
  const yasgui = new Yasgui(document.getElementById("yasgui"), {
    requestConfig: { endpoint: address, method: "POST" },
    endpointCatalogueOptions: { getData: () => [{ endpoint: address }] },
    persistenceId: null, copyEndpointOnNewTab: true, resizeable: true, autofocus: true,
  });
  window.yasgui = yasgui;
  const show = (text, name) => {
    const tab = yasgui.getTab();
    tab.setQuery(text.replace(/^#\+.*\n/gm, "").trim() + "\n");
    if (name) tab.setName(name);
    tab.getYasqe().focus();
  };
  document.getElementById("yasgui").addEventListener("click", (event) => {
    const link = event.target.closest(".yasr a[href^='https://w3id.org/trialkg/']");
    if (!link || link.getAttribute("href").includes("/ontology#")) return;
    event.preventDefault();
    open(link.getAttribute("href").replace("https://w3id.org/trialkg", ""), "_blank", "noopener");
  });
  const asked = new URLSearchParams(location.hash.slice(1)).get("query");
  if (asked) show(asked);
  const list = document.getElementById("catalogue");
  for (const one of questions) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = one.summary;
    button.title = one.question;
    button.addEventListener("click", () => show(one.sparql, one.name));
    item.append(button);
    list.append(item);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
})();

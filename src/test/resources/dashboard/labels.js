// What a screen reader or a thumb would miss; run in the page.
const found = [];
const seen = (element) => element.checkVisibility();
const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
const need = (selector, what, test) => all(selector)
  .filter((element) => !test(element))
  .forEach((element) => found.push(`${what}: ${element.outerHTML.slice(0, 120)}`));
const named = (element) => Boolean(element.getAttribute('aria-label')
  || document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent.trim());

need('input, select, textarea', 'no label', (one) => one.labels.length > 0 || named(one));
need('button, a[href], summary', 'no name', (one) => named(one) || one.textContent.trim() !== '');
need('img', 'no alt', (one) => one.hasAttribute('alt'));
need('canvas', 'no text alternative', (one) => one.closest('[role=img][aria-label]'));
need('svg', 'no text alternative', (one) => one.getAttribute('aria-hidden') === 'true' || named(one));
need('[role=progressbar]', 'no value', (one) => named(one) && one.hasAttribute('aria-valuenow') && one.hasAttribute('aria-valuetext'));
need('[role=region], nav, section', 'no name', named);
need('table', 'no caption', (one) => one.caption?.textContent.trim());
need('th', 'no scope', (one) => one.hasAttribute('scope'));
need('button, input, summary', 'smaller than 24 pixels', (one) => {
  const { width, height } = one.getBoundingClientRect();
  return width >= 24 && height >= 24;
});
need('[tabindex]', 'an order of its own', (one) => one.tabIndex <= 0);

const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push(`two of id ${id}`));
let level = 0;
for (const heading of all('h1, h2, h3, h4')) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) {
    found.push(`a heading skips a level: ${heading.outerHTML.slice(0, 80)}`);
  }
  level = next;
}
if (all('h1').length !== 1) {
  found.push('not one h1');
}
if (!document.documentElement.lang || !document.title || !document.querySelector('meta[name=viewport]')) {
  found.push('no language, title or viewport');
}
['main', 'header', 'footer'].filter((tag) => all(tag).length !== 1).forEach((tag) => found.push(`not one ${tag}`));
return found;

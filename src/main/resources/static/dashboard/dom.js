// Elements without a framework. Whatever a server or a client wrote is set as text, never as markup.

/** An element with properties and children; null children are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets a text where it is another, so that nothing is selected or announced anew. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** A time that shows its date when one points at it. */
export function when(instant, text) {
  return h('time', { datetime: instant, title: new Date(instant).toLocaleString() }, text);
}

/**
 * A table that scrolls within itself where it is too wide.
 * columns are texts, or {text, class}; the body is the caller's to fill.
 */
export function table(caption, columns) {
  const body = h('tbody');
  const head = columns.map((column) =>
    typeof column === 'string'
      ? h('th', { scope: 'col' }, column)
      : h('th', { scope: 'col', class: column.class }, column.text));
  const frame = h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', { class: 'unseen' }, caption), h('thead', {}, h('tr', {}, head)), body));
  return { frame, body };
}

/** A part of a page with its heading. */
export function section(title, ...children) {
  const id = `s-${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

/** What a model is doing, as a pill. */
export function phasePill(phase) {
  return h('span', { class: `pill ${phase}` }, phase);
}

/** How far something is, such as a round, with a mark where it is far enough. */
export function progress(label) {
  const fill = h('span', { class: 'fill' });
  const least = h('span', { class: 'least' });
  const bar = h('div', { class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0' },
    fill, least);
  return {
    bar,
    set(value, enough, most, text) {
      bar.setAttribute('aria-valuenow', value);
      bar.setAttribute('aria-valuemax', most);
      bar.setAttribute('aria-valuetext', text);
      bar.classList.toggle('enough', value >= enough);
      fill.style.width = `${Math.min(100, (100 * value) / most)}%`;
      least.style.left = `${(100 * enough) / most}%`;
      least.hidden = enough >= most;
    },
  };
}

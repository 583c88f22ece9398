/**
 * HTML and XML text in which nothing from outside can become markup: names in a fabric file and bytes in a frame are
 * input like any other.
 *
 * @module
 */

/** Text that is markup already. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text
  }
}

/** What may stand in a template. */
export type Value = Markup | string | number | undefined | readonly Value[]

/** Template tag: interpolated strings are escaped, {@link Markup} is not, arrays are joined, `undefined` is nothing. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? ''
  values.forEach((value, index) => {
    text += render(value) + (parts[index + 1] ?? '')
  })
  return new Markup(text)
}

/** Escapes text for element content and quoted attributes, and replaces what XML 1.0 does not allow at all. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function render(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'string') return escapeMarkup(value)
  if (typeof value === 'number') return String(value)
  return value.map(render).join('')
}

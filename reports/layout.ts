/** Text in columns. Widths count characters; colour is put on last, over text that already has its width. */
import type { Paint } from './style.ts';

/** Breaks at spaces; a word that is too long for a line also behind hyphens and slashes, and last anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  const flush = () => {
    if (line.trim() !== '') lines.push(line.trimEnd());
    line = '';
  };
  for (const piece of pieces(text, width)) {
    if (line.length + piece.trimEnd().length > width) flush();
    line += line === '' ? piece.trimStart() : piece;
  }
  flush();
  return lines.length === 0 ? [''] : lines;
}

/** Words with the spaces behind them; those longer than a line in parts that fit. */
function pieces(text: string, width: number): string[] {
  return (text.match(/\S+\s*/g) ?? []).flatMap(word => {
    if (word.trimEnd().length <= width) return [word];
    return (word.match(/[^-/\\]*[-/\\]?\s*/g) ?? []).flatMap(part => {
      const parts: string[] = [];
      for (let at = 0; at < part.length; at += width) parts.push(part.slice(at, at + width));
      return parts;
    });
  });
}

/** The longest piece that `wrap` would rather not break. */
export function longestPiece(text: string): number {
  const parts = text.match(/[^-/\\\s]+[-/\\]?/g) ?? [];
  return Math.max(0, ...parts.map(part => part.length));
}

/** A paragraph whose lines after the first are indented further. */
export function paragraph(text: string, width: number, indent = '', hanging = indent): string[] {
  const room = width - Math.max(indent.length, hanging.length);
  return wrap(text, room).map((line, index) => `${index === 0 ? indent : hanging}${line}`);
}

/** One cell of a row of columns: its lines, and how they are painted. */
export interface Cell {
  readonly lines: readonly string[];
  readonly paint: Paint | null;
  /** Paint the whole block, the blank rest of its lines included. */
  readonly block: boolean;
}

export function cell(lines: readonly string[], paint: Paint | null = null, block = false): Cell {
  return { lines, paint, block };
}

export interface Columns {
  readonly labelWidth: number;
  readonly width: number;
  readonly gap: number;
}

/** A row: a label and a cell for each column, as many lines as the highest cell has. */
export function row(label: string, cells: readonly Cell[], { labelWidth, width, gap }: Columns): string[] {
  const height = Math.max(1, ...cells.map(({ lines }) => lines.length));
  const rows: string[] = [];
  for (let line = 0; line < height; line += 1) {
    const parts = cells.map(({ lines, paint, block }) => {
      const text = (lines[line] ?? '').padEnd(width);
      if (paint === null) return text;
      return block ? paint(text) : paint(text.trimEnd()) + ' '.repeat(text.length - text.trimEnd().length);
    });
    rows.push(((line === 0 ? label : '').padEnd(labelWidth) + parts.join(' '.repeat(gap))).trimEnd());
  }
  return rows;
}

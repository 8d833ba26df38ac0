/** Colours of a terminal, where it has some and NO_COLOR does not forbid them. */
import process from 'node:process';
import util from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'inverse';

export type Paint = (style: Style, text: string) => string;

/** `styleText` came with Node 20.12: before it there are no colours. */
const styleText = (util as { styleText?: (style: Style, text: string, options?: object) => string }).styleText;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  const isColoured = stream.isTTY && styleText !== undefined && !process.env.NO_COLOR && stream.hasColors();
  return isColoured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

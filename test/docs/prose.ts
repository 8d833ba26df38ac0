/** Habits of speech that make a text hard for readers who learned English as a second language, and where a text has them. */

interface Habit {
  readonly name: string;
  readonly pattern: RegExp;
}

const START = String.raw`(?:^|[.:;!?|)*]\s+|^\s*(?:[-*]|\d+\.)\s+)`;
const NO_NOUN = String.raw`(?=\s*(?:$|[.,:;()]|(?:is|are|was|were|and|or|that|which|who|to|in|on|at|by|for|from|has|have)\b))`;

const HABITS: readonly Habit[] = [
  { name: '"whoever": say who', pattern: /\bwho(?:m|so)?ever\b/i },
  {
    name: 'a statement that begins with "Who": say "a client that …"',
    pattern: new RegExp(`${START}Who\\s+[^?]*?[.,:;](?:\\s|$)`),
  },
  {
    name: 'a double genitive: say "our …", "your …", "the user\'s …"',
    pattern: new RegExp(
      String.raw`\bof\s+(?:ours|yours|theirs|hers|his own|one's own|the user's|(?:the\s+)?\w+'s${NO_NOUN})`,
    ),
  },
];

/** The habits that a paragraph has, each with the words that show it. */
export function habitsIn(paragraph: string): string[] {
  return HABITS.flatMap(({ name, pattern }) => {
    const found = pattern.exec(paragraph);
    return found === null ? [] : [`${name}: "${found[0].trim()}"`];
  });
}

/** Markdown without its code and the map made of comments, as paragraphs: blocks of lines, items of lists and cells of tables. */
export function paragraphsOf(markdown: string): string[] {
  return markdown
    .replace(/^( *)```[^]*?^\1```$/gm, '')
    .replace(/<!-- code map[^]*end of the code map -->|<!--[^]*?-->/g, '')
    .replace(/`[^`\n]*`/g, 'CODE')
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)|\n(?=\|)/)
    .flatMap(block => (block.startsWith('|') ? block.split('|') : [block.replace(/\s+/g, ' ')]))
    .map(text => text.trim())
    .filter(text => text !== '');
}

export const isBullet = (paragraph: string): boolean => /^(?:[-*]|\d+\.)\s/.test(paragraph);

export const wordsIn = (paragraph: string): number => paragraph.split(/\s+/).filter(word => /\w/.test(word)).length;

export interface Comment {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The comments of a source, lines of `//` that follow each other as one; code in them (`like this`) is left out. */
export function commentsOf(source: string): Comment[] {
  const comments: { line: number; text: string }[] = [];
  let goesOn: RegExp | undefined;
  for (const [index, line] of source.split('\n').entries()) {
    const [, mark, text] =
      /^\s*(\/\*\*?|\*|\/\/)\s?(.*?)(?:\*\/)?$/.exec(line) ?? /[;{},]\s+(\/\/)\s(.*)$/.exec(line) ?? [];
    if (mark !== undefined && goesOn?.test(line)) comments.at(-1)!.text += ` ${text}`;
    else if (mark !== undefined) comments.push({ line: index + 1, text });
    goesOn = mark === undefined || line.includes('*/') ? undefined : mark === '//' ? /^\s*\/\// : /^\s*\*/;
  }
  return comments.map(({ line, text }) => ({
    line,
    text: text
      .replace(/`[^`]*`/g, 'CODE')
      .replace(/\s+/g, ' ')
      .trim(),
  }));
}

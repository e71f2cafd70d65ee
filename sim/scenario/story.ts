/** The story of a scenario: its first comment, which is its documentation. */

const LANGUAGE_SERVER = /^#\s*yaml-language-server\s*:/;

/** The first block of comment lines, without `#` and the editor's line; empty when the file begins otherwise. */
export function storyOf(text: string): string {
  const story: string[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    if (LANGUAGE_SERVER.test(line)) continue;
    if (!line.startsWith('#')) {
      if (line.trim() === '' && story.length === 0) continue;
      break;
    }
    story.push(line.replace(/^# ?/, '').trimEnd());
  }
  while (story.at(-1) === '') story.pop();
  while (story[0] === '') story.shift();
  return story.join('\n');
}

/** As comment lines, so that `storyOf` gives the same again. */
export function storyComment(story: string): string {
  if (story === '') return '';
  return `${story
    .split('\n')
    .map(line => (line === '' ? '#' : `# ${line}`))
    .join('\n')}\n`;
}

/** The first sentence, for lists. */
export function firstSentence(story: string): string {
  const text = story.replace(/\s+/g, ' ').trim();
  const end = /^.*?[.!?](?= |$)/.exec(text);
  return end === null ? text : end[0];
}

/** Commands and options that are planned: a word of theirs is no slip of the keyboard. */

const commands = [
  ...['hunt', 'shrink', 'replay', 'explore', 'mutants', 'serve', 'report', 'results', 'judge', 'nbd', 'snapshot'],
  ...['schedule', 'log', 'record', 'conform', 'campaign'],
];

/** Of the commands that there are. */
const options = [
  ...['--watch', '--jobs', '--shard', '--results', '--resume', '--marks', '--html', '--junit', '--trace', '--github'],
  ...['--mutant', '--speed', '--plain'],
];

/** `message`: what the parser of the command line says of a command or an option that it does not know. */
export function isOfLaterVersion(message: string): boolean {
  const word = /^unknown (?:command|option) `([^`=]+)/.exec(message)?.[1];
  return word !== undefined && (commands.includes(word) || options.includes(word));
}

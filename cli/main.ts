/** The command line: parsing and exit codes, nothing else. */
export async function main(_argv: readonly string[]): Promise<void> {
  console.log('otm');
}

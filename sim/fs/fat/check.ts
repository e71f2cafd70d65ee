/** What is wrong with a FAT volume: chains against sizes, against one another, and against the counts. */
import { isDotEntry } from './entry.ts';
import { type FatImage, type Problem, type ReadOnlyFile, rawEntries } from './image.ts';
import { type Cluster, FIRST_CLUSTER, get32, isInfoSector } from './layout.ts';
import { BAD, FREE } from './table.ts';

/** What an entry `..` says of the root directory, on FAT32 too. */
const ROOT: Cluster = 0;
const UNKNOWN_COUNT = 0xffffffff;

export function check(image: FatImage, files: readonly ReadOnlyFile[]): Problem[] {
  const claims = new Claims(image);
  const problems: Problem[] = [];
  if (image.layout.rootCluster !== 0) {
    const root = image.chainFrom(image.layout.rootCluster);
    claims.claim('the root directory', root.clusters);
  }
  const folders = new Map(files.filter(file => file.isDirectory).map(file => [file.path, file.firstCluster]));
  for (const file of files) {
    const parent = folders.get(file.path.slice(0, file.path.lastIndexOf('\\'))) ?? ROOT;
    problems.push(...checkFile(image, file, parent));
    const other = claims.claim(file.path, file.chain.clusters);
    if (other !== null) problems.push({ kind: 'cross-link', path: file.path, text: other });
  }
  return [...problems, ...checkCopies(image), ...claims.lost(), ...checkFreeCount(image)];
}

function checkFile(image: FatImage, file: ReadOnlyFile, parent: Cluster): Problem[] {
  const { path, chain } = file;
  const problems: Problem[] = [];
  if (chain.problem !== null) problems.push({ kind: 'bad-chain', path, text: chain.problem });
  if (file.isDirectory) return [...problems, ...checkDots(image, file, parent)];
  const { clusterBytes } = image.layout;
  const needed = Math.ceil(file.sizeBytes / clusterBytes);
  const has = chain.clusters.length;
  if (has !== needed) {
    const text = `its ${file.sizeBytes} bytes take ${needed} clusters of ${clusterBytes}, and its chain has ${has}`;
    problems.push({ kind: 'size', path, text });
  }
  return problems;
}

/** A directory begins with an entry for itself and one for the directory that it is in. */
function checkDots(image: FatImage, file: ReadOnlyFile, parent: Cluster): Problem[] {
  const first = file.chain.clusters[0];
  if (first === undefined) return [];
  const problem = (text: string, kind: Problem['kind'] = 'directory'): Problem[] => [{ kind, path: file.path, text }];
  const [own, above] = rawEntries([image.cluster(first)]);
  if (own === undefined || above === undefined || !isDotEntry(own.entry) || !isDotEntry(above.entry)) {
    return problem('it does not begin with . and ..');
  }
  if (own.fields.firstCluster !== first) return problem(`its entry . is cluster ${own.fields.firstCluster}`);
  if (above.fields.firstCluster === parent) return [];
  return problem(`its entry .. is cluster ${above.fields.firstCluster}, and it is in cluster ${parent}`, 'parent');
}

/** Who has which cluster. */
class Claims {
  private readonly image: FatImage;
  /** For each cluster the number of its owner in `owners`, 0 for none. */
  private readonly ownerOf: Uint32Array;
  private readonly owners: string[] = [''];

  constructor(image: FatImage) {
    this.image = image;
    this.ownerOf = new Uint32Array(FIRST_CLUSTER + image.layout.clusterCount);
  }

  /** Notes the clusters; says which one, if any, belongs to another owner already. */
  claim(owner: string, clusters: readonly Cluster[]): string | null {
    const number = this.owners.push(owner) - 1;
    let text: string | null = null;
    for (const cluster of clusters) {
      const other = this.ownerOf[cluster]!;
      if (other === 0) this.ownerOf[cluster] = number;
      else if (other !== number && text === null) text = `cluster ${cluster} belongs to ${this.owners[other]}, too`;
    }
    return text;
  }

  /** Clusters that the table says are in use, and that nobody has. */
  lost(): Problem[] {
    const { entries, layout } = this.image;
    const bad = BAD[layout.kind];
    let count = 0;
    let first: Cluster = 0;
    for (let cluster = FIRST_CLUSTER; cluster < entries.length; cluster++) {
      const value = entries[cluster]!;
      if (value === FREE || value === bad || this.ownerOf[cluster] !== 0) continue;
      if (count === 0) first = cluster;
      count += 1;
    }
    return count === 0 ? [] : [{ kind: 'lost-clusters', text: `${count} clusters, the first is ${first}` }];
  }
}

function checkCopies(image: FatImage): Problem[] {
  const { layout, entries } = image;
  if (!layout.mirrored) return [];
  for (let copy = 1; copy < layout.fatCount; copy++) {
    if (image.isCopyEqual(copy)) continue;
    // The upper 4 bits of an entry, and what lies behind the last one, may differ.
    const others = image.decodeCopy(copy);
    let count = 0;
    let first: Cluster = 0;
    for (let cluster = 0; cluster < entries.length; cluster++) {
      if (others[cluster] === entries[cluster]) continue;
      if (count === 0) first = cluster;
      count += 1;
    }
    if (count > 0) return [{ kind: 'fat-copies', text: `${count} entries differ, the first is ${first}` }];
  }
  return [];
}

function checkFreeCount(image: FatImage): Problem[] {
  const { layout } = image;
  if (layout.infoStart === null) return [];
  const info = image.read(layout.infoStart, layout.sectorSize);
  const said = get32(info, 488);
  if (!isInfoSector(info) || said === UNKNOWN_COUNT) return [];
  let free = 0;
  for (let cluster = FIRST_CLUSTER; cluster < image.entries.length; cluster++) {
    if (image.entries[cluster] === FREE) free += 1;
  }
  return said === free ? [] : [{ kind: 'free-count', text: `it says ${said}, and ${free} clusters are free` }];
}

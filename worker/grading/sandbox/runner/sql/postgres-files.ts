type Bytes = Uint8Array | Int8Array;

/** The parts of Emscripten's in-memory file system that the snapshot works with. */
export type FileNode = {
  name: string;
  parent: FileNode;
  mode: number;
  /** A regular file's bytes, signed when the engine wrote them, or what is in a folder. */
  contents: Bytes | Record<string, FileNode> | null;
  usedBytes: number;
  /** Of a device: which one. */
  rdev: number;
  stream_ops: StreamOperations;
};

type StreamOperations = {
  read(stream: FileStream, buffer: Uint8Array, offset: number, length: number): number;
  write(
    stream: FileStream,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    own?: boolean,
  ): number;
};

/** A closed one has no descriptor. */
export type FileStream = { node: FileNode; position: number; flags: number; fd: number | null };

export type FileSystem = {
  root: FileNode;
  streams: (FileStream | null)[];
  hashAddNode(node: FileNode): void;
  hashRemoveNode(node: FileNode): void;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
  lookupPath(path: string): { node: FileNode };
  getDevice(id: number): { stream_ops: Pick<StreamOperations, 'read'> };
  ErrnoError: new (errno: number) => Error;
};

const NO_SPACE_LEFT = 51;

type SavedFile = { contents: Bytes; usedBytes: number };
type SavedFolder = { node: FileNode; children: [name: string, node: FileNode][] };
type SavedStream = { stream: FileStream; position: number; flags: number; fd: number | null };

/**
 * The files of the server as they were once, to go back to again and again. Contents are copied on their first write, so going back costs
 * what was changed, not what is there. While it is in place, all writes together may not take more than `budgetBytes`.
 */
export class FileSnapshot {
  budgetBytes = 0;
  readonly #fs: FileSystem;
  readonly #files = new Map<FileNode, SavedFile>();
  readonly #folders: SavedFolder[] = [];
  readonly #streams: (SavedStream | null)[];
  #owned = new Set<FileNode>();
  #writtenBytes = 0;

  constructor(fs: FileSystem, sampleFile: string) {
    this.#fs = fs;
    this.#save(fs.root);
    this.#streams = fs.streams.map((stream) =>
      stream ? { stream, position: stream.position, flags: stream.flags, fd: stream.fd } : null,
    );
    // One table of operations serves all regular files.
    this.#guardWrites(fs.lookupPath(sampleFile).node.stream_ops);
  }

  /** How many bytes were written since the last return. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  restore(): void {
    for (const { node, children } of this.#folders) this.#removeNewcomers(node, new Map(children));
    for (const { node, children } of this.#folders) {
      for (const [name, child] of children) this.#putBack(node, name, child);
    }
    for (const [node, saved] of this.#files) {
      node.contents = saved.contents;
      node.usedBytes = saved.usedBytes;
    }
    this.#fs.streams.length = this.#streams.length;
    this.#streams.forEach((saved, descriptor) => {
      this.#fs.streams[descriptor] = saved === null ? null : rewound(saved);
    });
    this.#owned = new Set();
    this.#writtenBytes = 0;
  }

  #save(node: FileNode): void {
    if (this.#fs.isDir(node.mode)) {
      const children = Object.entries(folderContents(node));
      this.#folders.push({ node, children });
      for (const [, child] of children) this.#save(child);
    } else if (this.#fs.isFile(node.mode) && isBytes(node.contents)) {
      // Room to grow is given back: it would be kept for every file.
      if (node.contents.length > node.usedBytes) node.contents = node.contents.slice(0, node.usedBytes);
      this.#files.set(node, { contents: node.contents, usedBytes: node.usedBytes });
    }
  }

  #guardWrites(operations: StreamOperations): void {
    const write = operations.write.bind(operations);
    operations.write = (stream, buffer, offset, length, position, own) => {
      const { node } = stream;
      this.#writtenBytes += length;
      if (this.#writtenBytes > this.budgetBytes) throw new this.#fs.ErrnoError(NO_SPACE_LEFT);
      if (!this.#owned.has(node)) {
        this.#owned.add(node);
        if (this.#files.get(node)?.contents === node.contents && isBytes(node.contents)) {
          node.contents = node.contents.slice();
        }
      }
      return write(stream, buffer, offset, length, position, own);
    };
  }

  #removeNewcomers(folder: FileNode, children: Map<string, FileNode>): void {
    const contents = folderContents(folder);
    for (const [name, child] of Object.entries(contents)) {
      if (children.get(name) === child && child.name === name) continue;
      this.#fs.hashRemoveNode(child);
      this.#removeNewcomers(child, new Map());
      delete contents[name];
    }
  }

  #putBack(folder: FileNode, name: string, child: FileNode): void {
    const contents = folderContents(folder);
    if (contents[name] === child) return;
    contents[name] = child;
    child.name = name;
    child.parent = folder;
    this.#fs.hashAddNode(child);
  }
}

function rewound({ stream, position, flags, fd }: SavedStream): FileStream {
  stream.fd = fd;
  stream.position = position;
  stream.flags = flags;
  return stream;
}

function isBytes(contents: FileNode['contents']): contents is Bytes {
  return ArrayBuffer.isView(contents);
}

function folderContents(node: FileNode): Record<string, FileNode> {
  return node.contents === null || isBytes(node.contents) ? {} : node.contents;
}

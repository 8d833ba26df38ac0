// A plugin of TypeDoc: makes pages of the documents. A page has the title of its document, and stands in the group of its folder.
import { renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { Converter, PageEvent, RendererEvent } from 'typedoc';

const GROUPS = [
  ['docs/guide/', 'Guide'],
  ['docs/recipes/', 'Recipes'],
  ['docs/internals/', 'Internals'],
  ['docs/', 'Manual'],
  ['', 'Project'],
];

/** Takes the title out of a document: TypeDoc writes the name of the page above its text. */
function nameAfterTitle(document) {
  const [first] = document.content;
  const title = first.text.match(/^# (.*)\n+/);
  if (title === null) throw new Error(`${document.name}: a document begins with "# " and its title`);
  document.name = title[1].replaceAll('`', '');
  first.text = first.text.slice(title[0].length);
}

/** Browsers take a file that ends in .ts for a video. */
function showSources(renderer) {
  const sources = new Set();
  renderer.on(PageEvent.END, page => {
    page.contents = page.contents.replace(/href="([^"]*media\/([^"/]+\.ts))"/g, (_, href, name) => {
      sources.add(name);
      return `href="${href}.txt"`;
    });
  });
  renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    for (const name of sources) {
      const path = join(outputDirectory, 'media', name);
      renameSync(path, `${path}.txt`);
    }
  });
}

export function load(application) {
  application.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    nameAfterTitle(document);
    const path = relative(process.cwd(), document.project.files.getReflectionPath(document));
    document.frontmatter.group = GROUPS.find(([folder]) => path.startsWith(folder))[1];
  });
  showSources(application.renderer);
}

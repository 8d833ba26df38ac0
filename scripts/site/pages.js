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

/** A page is called what its document is called. */
function nameAfterTitle(document) {
  const title = document.content[0].text.match(/^# (.*)\n/);
  if (title === null) throw new Error(`${document.name}: a document begins with "# " and its title`);
  document.name = title[1].replaceAll('`', '');
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

/** The page of the README has the name of the project above it already. */
function untitle(project) {
  const [first] = project.readme ?? [];
  if (first !== undefined) first.text = first.text.replace(/^# .*\n+/, '');
}

export function load(application) {
  application.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => untitle(project));
  application.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    nameAfterTitle(document);
    const path = relative(process.cwd(), document.project.files.getReflectionPath(document));
    document.frontmatter.group = GROUPS.find(([folder]) => path.startsWith(folder))[1];
  });
  showSources(application.renderer);
}

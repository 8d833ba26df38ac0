// A plugin of TypeDoc: warns of each export of a door that has no sentence of its own.
import { Application, ReflectionKind } from 'typedoc';

function isDocumented(reflection) {
  return [reflection, ...(reflection.signatures ?? [])].some(each => each.hasComment());
}

export function load(application) {
  application.on(Application.EVENT_VALIDATE_PROJECT, project => {
    for (const door of project.getChildrenByKind(ReflectionKind.Module)) {
      for (const each of door.children.filter(child => !child.isReference() && !isDocumented(child))) {
        application.logger.warn(`${door.name}: ${each.name} has no documentation`);
      }
    }
  });
}

import { checkImports } from './check-imports.js'
import { checkLoad } from './check-load.js'
import { checkPackages } from './check-packages.js'
import { checkProcess, isQuiet } from './check-process.js'
import { type Finding, finding } from './finding.js'
import { importsOf } from './imports.js'
import { inventoryOf, resolvePackage } from './packages.js'
import { loadProject, observeRun } from './run.js'

/** What is wrong in a folder: with what is installed, with what the code imports, and with both once they are loaded. */
export async function checkProject(project: string): Promise<Finding[]> {
  const inventory = inventoryOf(project)
  const isInstalled = (name: string): boolean => inventory.plugAndPlay || resolvePackage(project, name) !== undefined
  const findings = [...checkPackages(project, inventory, process.version), ...checkImports(importsOf(project), isInstalled)]
  try {
    findings.push(...checkLoad(await loadProject(project)))
  } catch (error) {
    const { message } = error as Error
    findings.push(
      finding(
        'MODULE_BROKEN',
        `the project's packages could not be loaded: ${message.split('\n').find((row) => /Error/.test(row)) ?? message}`,
      ),
    )
  }
  return findings
}

/** What is wrong in a service, while it runs. */
export async function checkRun(command: string, options: Parameters<typeof observeRun>[1]): Promise<Finding[]> {
  const processes = await observeRun(command, options)
  if (processes.length === 0) return [finding('RUN_SILENT', `\`${command}\` started no program of Node.js that could be looked at`)]
  // What starts and watches the service, such as nodemon, tsx or the primary of a cluster, mostly logs nothing.
  const busy = processes.filter((one) => !isQuiet(one))
  return (busy.length > 0 ? busy : processes).flatMap(checkProcess)
}

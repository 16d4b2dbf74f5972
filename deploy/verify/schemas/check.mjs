// Every document of the given files against the schema of its kind: what is required, of which type and form. (That keys are known is ManifestTests' part.)
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

const groups = {
  "v1": () => import("kubernetes-models/v1"),
  "apps/v1": () => import("kubernetes-models/apps/v1"),
  "batch/v1": () => import("kubernetes-models/batch/v1"),
  "policy/v1": () => import("kubernetes-models/policy/v1"),
  "autoscaling/v2": () => import("kubernetes-models/autoscaling/v2"),
  "networking.k8s.io/v1": () => import("kubernetes-models/networking.k8s.io/v1"),
  "keda.sh/v1alpha1": () => import("@kubernetes-models/keda/keda.sh/v1alpha1"),
};

let checked = 0;
let wrong = 0;
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    const object = document.toJS();
    const what = `${file.split("/").pop()}: ${object?.kind} ${object?.metadata?.name}`;
    try {
      if (document.errors.length > 0) throw document.errors[0];
      const group = groups[object?.apiVersion];
      if (!group) throw new Error(`there is no schema for apiVersion ${object?.apiVersion}`);
      const Kind = (await group())[object.kind];
      if (!Kind) throw new Error(`${object.apiVersion} has no such kind`);
      new Kind(object).validate();
      checked++;
    } catch (error) {
      console.error(`verify: ${what}: ${error.message}`);
      wrong++;
    }
  }
}
if (checked < 7) {
  console.error(`verify: only ${checked} documents are right`);
  wrong++;
}
console.log(`verify: Kubernetes: ${checked} documents fit their schemas`);
process.exit(wrong > 0 ? 1 : 0);

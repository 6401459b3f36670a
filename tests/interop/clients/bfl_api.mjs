// What bfl-api makes of five situations, as JSON.
import { BflAPI } from "bfl-api";

const { KEY, WRONG, BASE, PICTURE } = process.env;
const api = (apiKey) => new BflAPI({ apiKey, baseUrl: BASE, logLevel: "NONE" });
const ended = async (task) => (await api(KEY).waitForResult(task.id, { showSpinner: false })).status;
const tries = {
  generate: async () => ended(await api(KEY).generateFluxDev({ prompt: "a fox", width: 256, height: 256 })),
  edit: async () => ended(await api(KEY).generateKontextPro({ prompt: "blue", input_image: PICTURE })),
  moderated: async () => ended(await api(KEY).generateFluxDev({ prompt: "#content-moderated" })),
  failed: async () => ended(await api(KEY).generateFluxDev({ prompt: "#error" })),
  refused: async () => (await api(WRONG).generateFluxDev({ prompt: "a fox" })).id,
};
const found = {};
for (const [name, attempt] of Object.entries(tries)) {
  found[name] = await attempt().catch((error) => `error: ${error.message}`);
}
console.log(JSON.stringify(found));
process.exit(0);

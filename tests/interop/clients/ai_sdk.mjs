// What the AI SDK's provider makes of five situations, as JSON.
import { createBlackForestLabs } from "@ai-sdk/black-forest-labs";
import { experimental_generateImage as generateImage } from "ai";

globalThis.AI_SDK_LOG_WARNINGS = false;
const { KEY, WRONG, BASE, PICTURE } = process.env;
const made = async (apiKey, model, prompt) => {
  const provider = createBlackForestLabs({ apiKey, baseURL: `${BASE}/v1` });
  return (await generateImage({ model: provider.image(model), prompt, maxRetries: 0 })).image.uint8Array.length;
};
const tries = {
  generate: () => made(KEY, "flux-pro-1.1", "a fox"),
  edit: () => made(KEY, "flux-kontext-pro", { text: "blue", images: [PICTURE] }),
  moderated: () => made(KEY, "flux-dev", "#content-moderated"),
  failed: () => made(KEY, "flux-dev", "#error"),
  refused: () => made(WRONG, "flux-dev", "a fox"),
};
const found = {};
for (const [name, attempt] of Object.entries(tries)) {
  found[name] = await attempt().catch((error) => `error: ${error.message}`);
}
console.log(JSON.stringify(found));

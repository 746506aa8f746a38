#include <algorithm>
#include <memory>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/evidence/edit_trust.h"
#include "client/keys/atomic_file.h"

namespace gbx::cli {
namespace {

struct ImageOptions {
  std::string file;
  std::string output;
  std::vector<std::string> builders;  // identity packets, or keys in hex
};

const std::string kNotSigned = "nothing was signed";
const std::string kNotVerified = "the image was not verified";

// An envelope as it is, or a new one around a manifest.
packet::Envelope envelope_of(const std::string& path) {
  auto text = client::read_file(path, packet::kEnvelopeBytesMax);
  if (!text) throw failure_in_words(kNotSigned, path, text.error());
  while (!text->empty() && text->back() == '\n') text->pop_back();
  auto envelope = packet::parse_envelope(*text);
  if (envelope && attest::read_signed_image(*envelope)) return std::move(envelope).value();
  const auto manifest = Json::parse_canonical(*text);
  if (!manifest) throw failure_in_words(kNotSigned, path, manifest.error());
  auto made = attest::make_signed_image(*manifest);
  if (!made) throw failure_in_words(kNotSigned, path, made.error());
  return std::move(made).value();
}

std::string files_text(const attest::SignedImage& image) {
  std::string out = "image digest " + to_hex(image.digest) + ", of these files:";
  for (const attest::ImageFile& file : image.files) {
    out += "\n  " + to_hex(file.sha256) + "  " + file.name;
  }
  return out;
}

Json described(const attest::SignedImage& image, const packet::Envelope& envelope) {
  Json::Array keyids;
  for (const packet::EnvelopeSignature& one : envelope.signatures) keyids.emplace_back(one.keyid);
  return Json::object({{"digest", to_hex(image.digest)},
                       {"keyids", Json(std::move(keyids))},
                       {"manifest", image.manifest}});
}

void sign_image(const Console& console, const ImageOptions& options) {
  packet::Envelope envelope = envelope_of(options.file);
  const attest::SignedImage image = attest::read_signed_image(envelope).value();
  const client::Home home = open_home(console);
  packet::sign(envelope, home.signing_key());
  write_packet(options.output, envelope);
  console.say("Signed as " + home.identity().name + ", in " + options.output + ": " +
              files_text(image));
  console.print(described(image, envelope));
}

crypto::PublicKey builder_of(const std::string& text) {
  const auto bytes = from_hex(text);
  crypto::PublicKey out{};
  if (!bytes || bytes->size() != out.size()) return read_identity(text).signing_key;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

void verify_image(const Console& console, const ImageOptions& options) {
  std::vector<crypto::PublicKey> builders;
  for (const std::string& text : options.builders) builders.push_back(builder_of(text));
  const packet::Envelope envelope = read_packet(options.file);
  const auto image = attest::verify_signed_image(envelope, builders);
  if (!image) throw failure_in_words(kNotVerified, options.file, image.error());
  console.say("Signed by every builder that you named, and nobody else: " + files_text(*image));
  console.print(described(*image, envelope));
}

void show_image(const Console& console, const ImageOptions& options) {
  const packet::Envelope envelope = read_packet(options.file);
  const auto image = attest::read_signed_image(envelope);
  if (!image) throw failure_in_words("the image was not read", options.file, image.error());
  std::string text = "Nothing is verified: " + files_text(*image);
  for (const packet::EnvelopeSignature& one : envelope.signatures) {
    text += "\nsays that it is signed by the key " + one.keyid;
  }
  console.say(text);
  console.print(described(*image, envelope));
}

}  // namespace

void add_image_verbs(CLI::App& app, Console& console) {
  CLI::App* group =
      app.add_subcommand("image", "Manifests of images, signed by their builders, and their log");
  group->require_subcommand(1);
  group->footer("Example: glovebox image verify image.signed.json --builder builder.id");
  auto options = std::make_shared<ImageOptions>();
  CLI::App* signs = group->add_subcommand("sign", "Sign the manifest of an image as its builder");
  signs->add_option("file", options->file, "image.json, or what another builder has signed")
      ->required();
  signs->add_option("-o,--output", options->output, "The signed manifest")->required();
  signs->footer("Example: glovebox image sign image.json -o image.signed.json");
  signs->callback([&console, options] { sign_image(console, *options); });
  CLI::App* verifies = group->add_subcommand("verify", "Whether these builders have signed it");
  verifies->add_option("file", options->file, "The signed manifest")->required();
  verifies
      ->add_option("--builder", options->builders,
                   "Who must have signed: an identity packet, or the signing key in hex; several "
                   "times for several, who must all have")
      ->required();
  verifies->footer("Example: glovebox image verify image.signed.json --builder builder.id");
  verifies->callback([&console, options] { verify_image(console, *options); });
  CLI::App* shows = group->add_subcommand("show", "What a signed manifest says, verifying nothing");
  shows->add_option("file", options->file, "The signed manifest")->required();
  shows->footer("Example: glovebox image show image.signed.json");
  shows->callback([&console, options] { show_image(console, *options); });
  add_image_log_verbs(*group, console);
}

}  // namespace gbx::cli

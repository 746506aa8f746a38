#include "client/evidence/edit_collaboration.h"

#include <functional>
#include <map>

#include "client/policy/trust_section.h"
#include "client/policy/wording.h"

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TrustPolicy;

constexpr std::string_view kAny = "any";

// A parsed file, and the text that its marks point into.
struct Draft {
  std::string text;
  YamlFile file;

  Draft(std::string source, const std::string& path)
      : text(std::move(source)), file(YamlFile::parse(text, path)) {}

  [[nodiscard]] YAML::Node trust() const {
    if (!file.root.IsMap() || !file.root["trust"]) {
      file.fail(file.root, "the file has no \"trust\"", "write one: docs/spec/policy.md");
    }
    return file.root["trust"];
  }
  [[nodiscard]] TrustPolicy decoded() const { return read_trust(file, trust(), true); }

  // Where a node begins.
  [[nodiscard]] std::size_t place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    std::size_t at = 0;
    for (int line = 0; line < mark.line && at < text.size(); line++) {
      at = text.find('\n', at) + 1;
    }
    return std::min(at + static_cast<std::size_t>(mark.column), text.size());
  }

  // `entry` as the first of `list`.
  void prepend(const YAML::Node& list, const std::string& entry) {
    const std::size_t at = place(list);
    const bool flow = text.compare(at, 1, "[") == 0;
    if (flow) {
      text.insert(at + 1, entry + (list.size() == 0 ? "" : ", "));
    } else if (text.compare(at, 2, "- ") == 0) {
      const auto indent = static_cast<std::size_t>(list.Mark().column);
      text.insert(at, "- " + entry + "\n" + std::string(indent, ' '));
    } else {
      file.fail(list, "this list cannot be added to",
                "write it as [one, two] or as lines of - one");
    }
  }
};

[[noreturn]] void fail(const Draft& draft, const YAML::Node& node, const Error& error) {
  const Wording* wording = find_wording(error.reason.view());
  const std::string means(wording == nullptr ? error.reason.view() : wording->means);
  throw Mistake("the trust policy was not changed", draft.file.place(node), means,
                std::string(wording == nullptr ? "" : wording->next))
      .with(error);
}

// The edited text, if it says what was meant.
std::string confirmed(const Draft& draft, const std::string& path, const TrustPolicy& meant) {
  const Draft edited(draft.text, path);
  const auto canonical = [](const TrustPolicy& trust) {
    return attest::encode_trust_policy(trust).canonical();
  };
  if (canonical(edited.decoded()) != canonical(meant)) {
    fail(draft, draft.trust(), {ErrorCode::invalid_argument, "trust_edit_failed"});
  }
  return draft.text;
}

// The section in the file, and in the JSON of a trust policy.
YAML::Node section_of(const YAML::Node& trust, Platform platform) {
  return trust[std::string(attest::platform_name(platform))];
}
bool has_registers(Platform platform) {
  return platform == Platform::tpm || platform == Platform::azure;
}

// The image that was added, as JSON, which YAML can read.
std::string entry_of(const TrustPolicy& trust, Platform platform) {
  const Json json = attest::encode_trust_policy(trust);
  const Json* section = json.find("platforms")->find(attest::platform_name(platform));
  if (has_registers(platform)) section = section->find("pcrs");
  return section->find("images")->array()->front().canonical();
}

}  // namespace

std::string add_image_to(const std::string& text, const std::string& path, const NewImage& image) {
  Draft draft(text, path);
  TrustPolicy trust = draft.decoded();
  if (const Status added = add_image(trust, image); !added) {
    fail(draft, draft.trust(), added.error());
  }
  const YAML::Node section = section_of(draft.trust(), image.platform);
  const YAML::Node owner = has_registers(image.platform) ? section["pcrs"] : section;
  // The last place first: a place behind an edit moves.
  std::map<std::size_t, std::pair<YAML::Node, std::string>, std::greater<>> entries;
  const auto add = [&](const YAML::Node& list, const std::string& entry) {
    entries.emplace(draft.place(list), std::pair(list, entry));
  };
  add(owner["images"], entry_of(trust, image.platform));
  const YAML::Node builders = draft.trust()["builders"];
  if (builders && trust.builders->manifests.size() > builders["manifests"].size()) {
    const Json all = attest::encode_builders(*trust.builders);
    add(builders["manifests"], all.find("manifests")->array()->front().canonical());
  }
  const YAML::Node log = draft.trust()["image_log"];
  if (log && trust.image_log->proofs.size() > log["proofs"].size()) {
    add(log["proofs"], Json(trust.image_log->proofs.front()).canonical());
  }
  for (const auto& [place, entry] : entries) draft.prepend(entry.first, entry.second);
  return confirmed(draft, path, trust);
}

std::string pin_machine_in(const std::string& text, const std::string& path, Platform platform,
                           const Bytes& machine) {
  Draft draft(text, path);
  TrustPolicy trust = draft.decoded();
  if (const Status pinned = pin_machine(trust, platform, machine); !pinned) {
    fail(draft, draft.trust(), pinned.error());
  }
  const YAML::Node section = section_of(draft.trust(), platform);
  const YAML::Node machines =
      platform == Platform::azure ? section["snp"]["machines"] : section["machines"];
  const std::string entry = Json(to_hex(machine)).canonical();
  if (machines.IsSequence()) {
    draft.prepend(machines, entry);
  } else {
    const std::size_t quote =
        draft.text.find_first_of("\"'", draft.place(machines)) == draft.place(machines) ? 1 : 0;
    draft.text.replace(draft.place(machines), kAny.size() + 2 * quote, "[" + entry + "]");
  }
  return confirmed(draft, path, trust);
}

std::string enrol_key_in(const std::string& text, const std::string& path,
                         const attest::TpmKey& key) {
  Draft draft(text, path);
  TrustPolicy trust = draft.decoded();
  if (const Status enrolled = enrol_key(trust, key); !enrolled) {
    fail(draft, draft.trust(), enrolled.error());
  }
  const Json entry = Json::object(
      {{"assurance", attest::assurance_word(key.assurance)}, {"sha256", to_hex(key.sha256)}});
  draft.prepend(section_of(draft.trust(), Platform::tpm)["keys"], entry.canonical());
  return confirmed(draft, path, trust);
}

attest::TrustPolicy read_trust_of(const std::string& text, const std::string& path) {
  return Draft(text, path).decoded();
}

}  // namespace gbx::client

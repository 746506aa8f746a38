#include "cli/import_verbs.h"

#include <filesystem>
#include <memory>

#include "cli/mistakes.h"
#include "client/import/import.h"
#include "client/keys/atomic_file.h"
#include "client/policy/policy_file.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPublicMode = 0644;

std::string report_text(const std::vector<client::ImportNote>& notes) {
  std::string out;
  for (const client::Fate fate :
       {client::Fate::carried, client::Fate::tightened, client::Fate::left_out,
        client::Fate::weakened, client::Fate::blank}) {
    bool first = true;
    for (const client::ImportNote& note : notes) {
      if (note.fate != fate) continue;
      if (first) out += std::string(client::fate_name(fate)) + "\n";
      first = false;
      out += "  " + note.subject + ": " + note.text + "\n";
    }
  }
  return out;
}

Json report_json(const std::vector<client::ImportNote>& notes) {
  Json out{Json::Array{}};
  for (const client::ImportNote& note : notes) {
    out.push(Json::object(
        {{"fate", client::fate_name(note.fate)}, {"subject", note.subject}, {"text", note.text}}));
  }
  return out;
}

void write(const std::string& path, const std::string& text) {
  if (std::filesystem::exists(path)) {
    throw Failure("nothing was written", path, "it is there already", "name another file with -o");
  }
  const Status written = client::write_file(path, text, kPublicMode);
  if (!written) throw failure_in_words("nothing was written", path, written.error());
}

// --- import ---

struct ImportChoice {
  std::string from;
  std::vector<std::string> files;
  std::string output = "collaboration.yaml";
};

void import_files(const Console& console, const ImportChoice& choice) {
  const auto source = client::import_source_from(choice.from);
  if (!source) {
    throw Failure("nothing was imported", choice.from, "this source is not known",
                  "sources are aws, bigquery, snowflake");
  }
  std::vector<client::ImportFile> files;
  for (const std::string& path : choice.files) {
    auto text = client::read_file(path, client::kImportBytesMax);
    if (!text) throw failure_in_words("nothing was imported", path, text.error());
    files.push_back({path, std::move(text).value()});
  }
  const client::Imported imported = client::import_policy(*source, files);
  write(choice.output, imported.yaml);
  console.say(report_text(imported.notes) + "Wrote " + choice.output +
              ". Fill in what is blank, read it, then: glovebox policy build " + choice.output);
  console.print(Json::object({{"file", choice.output}, {"report", report_json(imported.notes)}}));
}

// --- export ---

struct ExportChoice {
  std::string to;
  std::string policy;
  std::string folder = ".";
  std::vector<std::string> accepted;
};

void export_policy(const Console& console, const ExportChoice& choice) {
  if (choice.to != "aws") {
    throw Failure("nothing was exported", choice.to, "this target is not known",
                  "targets are: aws");
  }
  const std::set<std::string> accepted(choice.accepted.begin(), choice.accepted.end());
  const client::Exported exported =
      client::export_to_aws(client::read_policy_file(choice.policy).policy, accepted);
  Json files{Json::Array{}};
  std::string commands;
  for (const client::ExportedFile& file : exported.files) {
    const std::string path = (std::filesystem::path(choice.folder) / file.name).string();
    write(path, file.input.pretty() + "\n");
    files.push(path);
    commands += "\n  aws cleanrooms " + file.command + " --cli-input-json file://" + path;
  }
  console.say(report_text(exported.notes) + "Wrote what these take:" + commands);
  console.print(
      Json::object({{"files", std::move(files)}, {"report", report_json(exported.notes)}}));
}

}  // namespace

void add_import_verbs(CLI::App& policy_group, Console& console) {
  CLI::App* verb = policy_group.add_subcommand(
      "import", "Draft collaboration.yaml from another clean room's rules");
  auto choice = std::make_shared<ImportChoice>();
  verb->add_option("files", choice->files, "What the other system prints or takes")->required();
  verb->add_option("--from", choice->from, "aws, bigquery or snowflake")->required();
  verb->add_option("-o,--output", choice->output, "Where to write the draft")
      ->capture_default_str();
  verb->footer(
      "Example: glovebox policy import --from aws table.json rule.json -o collaboration.yaml");
  verb->callback([&console, choice] { telling_mistakes([&] { import_files(console, *choice); }); });

  CLI::App* out =
      policy_group.add_subcommand("export", "Write a policy's rules for AWS Clean Rooms");
  auto exports = std::make_shared<ExportChoice>();
  out->add_option("policy", exports->policy, "policy.json")->required();
  out->add_option("--to", exports->to, "aws")->required();
  out->add_option("-o,--output", exports->folder, "The folder to write to")->capture_default_str();
  out->add_option("--accept", exports->accepted,
                  "What may be weaker there, by the words of the refusal")
      ->delimiter(',');
  out->footer("Example: glovebox policy export --to aws policy.json -o aws");
  out->callback(
      [&console, exports] { telling_mistakes([&] { export_policy(console, *exports); }); });
}

}  // namespace gbx::cli

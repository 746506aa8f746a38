#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "cli/home_files.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/keys/token_key.h"
#include "client/prepare/failure.h"
#include "client/prepare/prepare.h"
#include "client/prepare/propose.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPrivateMode = 0600;
constexpr const char* kTool = "glovebox 0.1.0";
constexpr std::size_t kNamesShown = 8;
constexpr int kSignalled = 128;

std::atomic<bool> interrupted{false};
std::atomic<int> interrupted_by{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// While it lives, Ctrl-C and a polite kill only raise a flag, so that what is half-written goes;
// and a file that grows too large is an error of write(), not the end.
class SignalWatch {
 public:
  SignalWatch() {
    interrupted = false;
    struct sigaction raise{};
    raise.sa_handler = [](int signal) {
      interrupted_by = signal;
      interrupted = true;
    };
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &raise, &before_[0]);
    ::sigaction(SIGTERM, &raise, &before_[1]);
    ::sigaction(SIGXFSZ, &ignore, &before_[2]);
  }
  ~SignalWatch() {
    ::sigaction(SIGINT, &before_[0], nullptr);
    ::sigaction(SIGTERM, &before_[1], nullptr);
    ::sigaction(SIGXFSZ, &before_[2], nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  SignalWatch(SignalWatch&&) = delete;
  SignalWatch& operator=(SignalWatch&&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};
};

// A bar for each phase, one after the other.
class PhaseProgress {
 public:
  void operator()(std::string_view phase, std::uint64_t done, std::uint64_t total) {
    if (phase != phase_) {
      phase_ = phase;
      bar_.reset();
      bar_ = std::make_unique<Progress>(phase_, total);
      done_ = 0;
    }
    if (done > done_) bar_->advance(done - done_);
    done_ = std::max(done_, done);
  }

 private:
  std::string phase_;
  std::uint64_t done_ = 0;
  std::unique_ptr<Progress> bar_;
};

std::string count_text(std::uint64_t count) { return with_thousands(std::to_string(count)); }

struct PrepareOptions {
  std::string manifest;
  std::string policy;
  std::string out;
  std::string max_rejects = "1%";
  std::string rejects;
  unsigned threads = 0;
};

Json report_json(const PrepareOptions& options, const prepare::PrepareReport& report) {
  Json rejected = Json(Json::Object{});
  for (std::size_t i = 0; i < prepare::kRejects; i++) {
    if (report.rejected[i] == 0) continue;
    rejected.set(std::string(prepare::reject_name(static_cast<prepare::Reject>(i))),
                 report.rejected[i]);
  }
  Json left_out = Json(Json::Array{});
  for (const std::string& name : report.left_out) left_out.push(name);
  Json out;
  out.set("snapshot", options.out);
  out.set("manifest", options.out + ".json");
  out.set("manifest_hash", to_hex(report.manifest_hash));
  out.set("table", report.manifest.table);
  out.set("rows_in", report.rows_in);
  out.set("rows", report.rows);
  out.set("persons", report.persons);
  out.set("rejected_total", report.rejected_total);
  out.set("rejected", std::move(rejected));
  if (report.rejected_total > 0) out.set("rejects_file", options.rejects);
  out.set("kept_out_by_list", report.unlisted);
  out.set("over_rows_per_person", report.over_cap);
  out.set("columns_left_out", std::move(left_out));
  out.set("bytes_in", report.bytes_in);
  out.set("bytes_out", report.bytes_out);
  out.set("milliseconds", static_cast<std::int64_t>(report.seconds * 1000));
  return out;
}

std::string report_text(const PrepareOptions& options, const prepare::PrepareReport& report) {
  TextTable table{{"", "rows"}, {false, true}, {}};
  const auto row = [&](const std::string& what, std::uint64_t count) {
    table.rows.push_back({what, count_text(count)});
  };
  row("read", report.rows_in);
  for (std::size_t i = 0; i < prepare::kRejects; i++) {
    const std::string name(prepare::reject_name(static_cast<prepare::Reject>(i)));
    if (report.rejected[i] > 0) row("rejected: " + name, report.rejected[i]);
  }
  if (report.listed > 0) row("kept out by the list", report.unlisted);
  if (report.over_cap > 0) row("over rows_per_person", report.over_cap);
  row("sealed", report.rows);
  std::string out = table.text();
  if (!out.empty() && out.back() != '\n') out += '\n';
  out += "People: " + count_text(report.persons) + ".";
  if (!report.left_out.empty()) {
    out += " Columns that stay at home:";
    for (std::size_t i = 0; i < report.left_out.size() && i < kNamesShown; i++) {
      out += (i == 0 ? " " : ", ") + report.left_out[i];
    }
    if (report.left_out.size() > kNamesShown) {
      out += " and " + std::to_string(report.left_out.size() - kNamesShown) + " more";
    }
    out += ".";
  }
  if (report.rejected_total > 0) out += "\nRejected rows, by line and reason: " + options.rejects;
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.2f s", report.seconds);
  return out + "\nWrote " + options.out + " (" + human_bytes(report.bytes_out) + ", sealed) and " +
         options.out + ".json (signed manifest) in " + seconds.data() + ".";
}

void complete_options(PrepareOptions& options) {
  if (options.out.empty()) {
    const prepare::TableManifest manifest = prepare::read_manifest(options.manifest);
    options.out = manifest.table + ".gbx";
  }
  if (options.rejects.empty()) options.rejects = options.out + ".rejects.csv";
}

void keep_key(client::Home& home, const Hash& manifest, const crypto::AeadKey& key) {
  const Status kept = home.keep_snapshot_key(manifest, key);
  if (!kept)
    throw failure_of("the snapshot's key was not kept", home.folder().string(), kept.error());
}

prepare::PrepareReport run_prepare(const Console& console, const PrepareOptions& options) {
  prepare::PrepareJob job;
  job.manifest = prepare::read_manifest(options.manifest);
  const auto limit = prepare::parse_reject_limit(options.max_rejects);
  if (!limit) {
    throw Failure("nothing was prepared", "--max-rejects " + options.max_rejects,
                  "it is neither a number of rows nor a share", "for example 100 or 1%");
  }
  job.max_rejects = *limit;
  const policy::VerifiedPolicy policy = read_policy(options.policy);
  prepare::bind_to_policy(job, policy.policy());
  client::Home home = open_home(console);
  if (home.identity().name != job.owner) {
    throw Failure("nothing was prepared", options.policy,
                  "the table " + job.manifest.table + " belongs to " + job.owner +
                      ", and this is " + home.identity().name,
                  "use the home of " + job.owner + " (--home)");
  }
  const client::TokenEpoch epoch{job.collaboration, job.token_epoch};
  const Secret<32>* token_key = home.token_key(epoch.collaboration, epoch.epoch);
  if (token_key == nullptr) {
    throw Failure(
        "nothing was prepared", console.home.string(),
        "it has no token key of this collaboration for epoch " + std::to_string(epoch.epoch),
        "make one with `glovebox token-key new`, or accept the one you were sent with "
        "`glovebox token-key accept FILE`");
  }
  const std::unique_ptr<crypto::Tokeniser> tokeniser = client::make_tokeniser(*token_key, epoch);
  const std::string kind(prepare::identifier_name(*job.manifest.person().identifier));
  job.token = [&](std::string_view identifier) {
    thread_local Bytes message;
    client::token_message(kind, identifier, message);
    return tokeniser->token(message);
  };
  crypto::SystemEntropy entropy;
  PhaseProgress progress;
  job.out = options.out;
  job.rejects_file = options.rejects;
  job.threads = options.threads;
  job.signing_key = &home.signing_key();
  job.entropy = &entropy;
  job.now = std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count();
  job.tool = kTool;
  job.keep_key = [&](const Hash& hash, const crypto::AeadKey& key) { keep_key(home, hash, key); };
  job.progress = [&](std::string_view phase, std::uint64_t done, std::uint64_t total) {
    progress(phase, done, total);
  };
  const SignalWatch watch;
  job.interrupted = &interrupted;
  return prepare::prepare(job);
}

Failure interrupted_failure(const std::string& manifest) {
  Failure failure("nothing was prepared", manifest, "it was interrupted",
                  "run it again when you like; nothing is left of this run");
  failure.exits_with(kSignalled + interrupted_by);
  return failure;
}

void prepare_verb(const Console& console, PrepareOptions options) {
  try {
    complete_options(options);
    const prepare::PrepareReport report = run_prepare(console, options);
    console.say(report_text(options, report));
    console.print(report_json(options, report));
  } catch (const prepare::Interrupted&) {
    throw interrupted_failure(options.manifest);
  } catch (const prepare::Failure& failure) {
    throw Failure("nothing was prepared", "", failure.what(),
                  "when that is mended, run it again (what a manifest may say: "
                  "docs/spec/manifest.md)");
  }
}

void manifest_new(const Console& console, prepare::ProposalOptions options, std::string out,
                  bool force) {
  try {
    if (out.empty()) out = "manifest.yaml";
    if (!force && std::filesystem::exists(out)) {
      throw Failure("no manifest was written", out, "the file exists",
                    "name another with -o, or replace it with --force");
    }
    options.from = std::filesystem::path(out).parent_path().string();
    const prepare::Proposal proposal = prepare::propose_manifest(options);
    const Status written = client::write_file(out, proposal.yaml, kPrivateMode);
    if (!written) throw failure_of("no manifest was written", out, written.error());
    console.say("Wrote " + out + ": " + std::to_string(proposal.columns) + " columns, from " +
                count_text(proposal.rows) + " rows.\n" +
                (proposal.person.empty()
                     ? "No column looks like an e-mail address or phone number: name one in it."
                     : "People are taken from column " + proposal.person + ".") +
                "\nNext: read and edit it, then glovebox prepare " + out + " --policy policy.json");
    Json json;
    json.set("manifest", out);
    json.set("table", proposal.table);
    json.set("columns", static_cast<std::int64_t>(proposal.columns));
    json.set("rows", proposal.rows);
    json.set("person", proposal.person);
    console.print(json);
  } catch (const prepare::Failure& failure) {
    throw Failure("no manifest was written", "", failure.what(),
                  "name a CSV file in UTF-8, or a Parquet file whose name ends in .parquet");
  }
}

void add_manifest(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("manifest", "What enters a room from a table, in YAML");
  group->require_subcommand(1);
  group->footer("Example: glovebox manifest new shopgood.csv");
  CLI::App* verb = group->add_subcommand("new", "Propose a manifest for a CSV or Parquet file");
  struct Options {
    prepare::ProposalOptions proposal;
    std::string out;
    bool force = false;
  };
  auto options = std::make_shared<Options>();
  verb->add_option("file", options->proposal.file, "The table: CSV, or Parquet (.parquet)")
      ->required();
  verb->add_option("-o,--output", options->out, "Where to write it (manifest.yaml)");
  verb->add_option("--table", options->proposal.table, "The table's name in the policy");
  verb->add_option("--region", options->proposal.region,
                   "Region of phone numbers without +, such as US or DE");
  verb->add_option("--rows", options->proposal.rows_max, "How many rows to look at; 0 = all")
      ->capture_default_str();
  verb->add_flag("--force", options->force, "Replace the manifest that is there");
  verb->footer("Example: glovebox manifest new shopgood.csv --table purchases -o manifest.yaml");
  verb->callback([&console, options] {
    manifest_new(console, options->proposal, options->out, options->force);
  });
}

void add_prepare(CLI::App& app, Console& console) {
  CLI::App* verb =
      app.add_subcommand("prepare", "Normalise, tokenise, check and seal a table into a snapshot");
  auto options = std::make_shared<PrepareOptions>();
  verb->add_option("manifest", options->manifest, "The table's manifest")->required();
  verb->add_option("--policy", options->policy, "The policy that all members have signed")
      ->required();
  verb->add_option("-o,--output", options->out, "Where to write the snapshot (TABLE.gbx)");
  verb->add_option("--max-rejects", options->max_rejects,
                   "Rows or share of rows that may be rejected before nothing is written")
      ->capture_default_str();
  verb->add_option("--rejects", options->rejects,
                   "Where to write lines and reasons of rejected rows (OUTPUT.rejects.csv)");
  verb->add_option("--threads", options->threads, "How many threads; 0 = all the machine has");
  verb->footer("Example: glovebox prepare manifest.yaml --policy policy.json -o purchases.gbx");
  verb->callback([&console, options] { prepare_verb(console, *options); });
}

}  // namespace

void add_prepare_verbs(CLI::App& app, Console& console) {
  add_manifest(app, console);
  add_prepare(app, console);
}

}  // namespace gbx::cli

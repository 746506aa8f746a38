#include "client/prepare/prepare.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <new>
#include <thread>

#include "client/prepare/failure.h"
#include "client/prepare/first_failure.h"
#include "client/prepare/parquet.h"
#include "client/prepare/queue.h"
#include "client/prepare/sealed_pair.h"
#include "trusted/packet/dsse.h"

namespace gbx::prepare {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr unsigned kThreadsMax = 64;
constexpr std::string_view kTooLarge =
    "the table does not fit into this machine's memory (at most three quarters of it are used): "
    "let fewer columns or rows enter, or use a larger machine";
constexpr std::string_view kSourceInfo = "glovebox source file";
constexpr std::string_view kChoiceInfo = "glovebox rows per person";

std::uint64_t machine_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long size = ::sysconf(_SC_PAGESIZE);
  return static_cast<std::uint64_t>(std::max(pages, 1L)) *
         static_cast<std::uint64_t>(std::max(size, 1L));
}

class Preparation {
 public:
  explicit Preparation(const PrepareJob& job) : job_(job) {
    const unsigned wanted = job.threads != 0 ? job.threads : std::thread::hardware_concurrency();
    threads_ = std::clamp(wanted, 1U, kThreadsMax);
    memory_max_ = job.memory_max != 0 ? job.memory_max : machine_memory() / 4 * 3;
  }

  PrepareReport run() {
    const auto start = std::chrono::steady_clock::now();
    make_key();
    open_source();
    declare();
    make_plan();
    read();
    commit_to_source();
    count();
    check_pii(plan_, tallies_, source_->line_word());
    sort();
    seal();
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(report_);
  }

 private:
  void make_key();
  void open_source();
  void declare();
  void make_plan();
  void read_list();
  void read();
  void work(Queue<std::unique_ptr<Batch>>& full, Queue<std::unique_ptr<Batch>>& empty,
            RowConverter& converter);
  void feed(Queue<std::unique_ptr<Batch>>& full, Queue<std::unique_ptr<Batch>>& empty);
  void commit_to_source();
  void count();
  void write_rejects();
  [[nodiscard]] std::string first_reject() const;
  void sort();
  void seal();
  void seal_stream(snapshot::WriterPlan plan, SealedPair& file);
  void publish(SealedPair& pair);
  [[nodiscard]] bool over_limit(std::uint64_t rejected) const;
  void check_interrupted() const {
    if (job_.interrupted != nullptr && job_.interrupted->load()) throw Interrupted();
  }
  void progress(std::string_view phase, std::uint64_t done, std::uint64_t total) const {
    if (job_.progress) job_.progress(phase, done, total);
  }
  [[nodiscard]] std::unique_ptr<RowReader> make_reader() const;

  const PrepareJob& job_;
  unsigned threads_ = 1;
  crypto::AeadKey key_;
  std::unique_ptr<RowSource> source_;
  std::optional<Dialect> dialect_;
  ConvertPlan plan_;
  std::unique_ptr<RecordLayout> layout_;
  std::vector<std::unique_ptr<RowConverter>> converters_;
  std::atomic<std::uint64_t> rejected_so_far_{0};
  std::atomic<std::uint64_t> memory_so_far_{0};
  std::uint64_t memory_max_;
  std::vector<RejectedRow> rejected_;
  std::vector<PiiTally> tallies_;
  std::unique_ptr<RowStore> store_;
  PrepareReport report_;
};

void Preparation::make_key() {
  if (const Status status = job_.entropy->fill(key_.mutable_view()); !status) {
    throw Failure("the system has no random bytes for the snapshot's key");
  }
}

void Preparation::open_source() {
  const TableManifest& manifest = job_.manifest;
  const std::string path = manifest.resolve(manifest.source_file);
  std::error_code ignored;
  report_.bytes_in = std::filesystem::file_size(path, ignored);
  if (manifest.format == "parquet") {
    std::vector<std::string> wanted;
    for (const ColumnSpec& column : manifest.columns) {
      if (column.enters()) wanted.push_back(column.source);
    }
    const std::vector<std::string> all = open_parquet(path)->header();
    for (const std::string& name : all) {
      const bool enters = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
      if (!enters) report_.left_out.push_back(name);
    }
    source_ = open_parquet(path, wanted);
    return;
  }
  auto csv = std::make_unique<CsvSource>(path, manifest.dialect);
  dialect_ = csv->dialect();
  source_ = std::move(csv);
}

std::unique_ptr<RowReader> Preparation::make_reader() const {
  if (dialect_) return std::make_unique<CsvReader>(*dialect_, source_->header().size());
  return std::make_unique<CellReader>(source_->header().size());
}

// What the snapshot's manifest will say; the stream's part comes at the end.
void Preparation::declare() {
  const TableManifest& manifest = job_.manifest;
  snapshot::SnapshotManifest& out = report_.manifest;
  out.table = manifest.table;
  out.owner = job_.owner;
  out.collaboration = job_.collaboration;
  out.token_epoch = job_.token_epoch;
  out.person = manifest.person().name;
  out.identifier = identifier_name(*manifest.person().identifier);
  out.rows_per_person = manifest.rows_per_person;
  out.created = job_.now;
  out.expires = job_.now + std::int64_t{manifest.retention_days} * kSecondsPerDay;
  out.lineage.tool = job_.tool;
  for (const ColumnSpec& column : manifest.columns) {
    if (column.transform.kind != TransformKind::none) {
      out.lineage.transforms.push_back(column.name + ": " +
                                       describe(column.transform, column.type));
    }
    if (!column.enters()) continue;
    out.columns.push_back({.name = column.name,
                           .type = column.type,
                           .label = column.label,
                           .nullable = column.nullable,
                           .bounded = column.bounded,
                           .low = column.low,
                           .high = column.high,
                           .domain = column.domain});
  }
}

void Preparation::make_plan() {
  const std::vector<std::string>& header = source_->header();
  const auto index_of = [&](const ColumnSpec& column) {
    const auto found = std::find(header.begin(), header.end(), column.source);
    if (found == header.end()) {
      const std::vector<std::string_view> names(header.begin(), header.end());
      const std::string near = nearest(column.source, names);
      throw Failure(job_.manifest.path + ":" + std::to_string(column.line) + ": " +
                    job_.manifest.source_file + " has no column \"" + column.source + "\"" +
                    (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
    return static_cast<std::size_t>(found - header.begin());
  };
  std::vector<bool> used(header.size());
  for (const ColumnSpec& column : job_.manifest.columns) {
    if (!column.enters()) continue;
    const std::size_t source = index_of(column);
    used[source] = true;
    if (column.label == Label::person) {
      plan_.person_source = source;
    } else {
      plan_.columns.push_back({&column, source});
    }
  }
  for (std::size_t i = 0; i < header.size(); i++) {
    if (!used[i]) report_.left_out.push_back(header[i]);
  }
  plan_.nulls = job_.manifest.nulls;
  plan_.region = job_.manifest.region;
  plan_.token = job_.token;
  plan_.normaliser = make_normaliser(*job_.manifest.person().identifier, job_.manifest.region);
  layout_ = std::make_unique<RecordLayout>(snapshot::data_columns(report_.manifest));
  if (job_.manifest.opt_out) read_list();
}

// One identifier a line; blank lines and an unreadable first line (a heading) do not count.
void Preparation::read_list() {
  const OptOut& list = *job_.manifest.opt_out;
  plan_.list = list.kind;
  const std::string path = job_.manifest.resolve(list.file);
  std::error_code missing;
  if (std::filesystem::file_size(path, missing) == 0 && !missing) return;  // nobody is listed
  std::unique_ptr<CsvSource> source;
  try {
    source = std::make_unique<CsvSource>(path);
  } catch (const Failure& failure) {
    throw Failure("the list of people (opt_out): " + std::string(failure.what()));
  }
  std::string normal;
  const auto take = [&](std::string_view text) {
    if (!plan_.normaliser->normalise(text, normal)) return false;
    plan_.listed.insert(plan_.token(normal));
    return true;
  };
  static_cast<void>(take(source->header()[0]));
  CsvReader reader(source->dialect(), source->header().size());
  Batch batch;
  Row row;
  while (source->next(batch)) {
    check_interrupted();
    reader.start(batch);
    while (reader.next(row)) {
      if (row.rejected || !take(row.fields[0].text)) report_.list_malformed++;
    }
  }
  report_.listed = plan_.listed.size();
  if (list.kind == ListKind::opt_out && report_.list_malformed > 0) {
    throw Failure(path + ": " + std::to_string(report_.list_malformed) + " lines are no " +
                  report_.manifest.identifier +
                  " that can be read; who they mean could enter: repair the list");
  }
}

bool Preparation::over_limit(std::uint64_t rejected) const {
  return !job_.max_rejects.share && rejected > job_.max_rejects.amount;
}

void Preparation::work(Queue<std::unique_ptr<Batch>>& full, Queue<std::unique_ptr<Batch>>& empty,
                       RowConverter& converter) {
  const std::unique_ptr<RowReader> reader = make_reader();
  Row row;
  std::uint64_t known = 0;  // of the counts below, what this thread has added
  std::uint64_t held = 0;
  while (std::optional<std::unique_ptr<Batch>> batch = full.pop()) {
    reader->start(**batch);
    while (reader->next(row)) converter.convert(row);
    const std::uint64_t memory = converter.shard().memory();
    memory_so_far_ += memory - held;
    if (memory_so_far_ > memory_max_) {
      throw Failure(std::string(kTooLarge));
    }
    held = memory;
    const std::uint64_t now = converter.rejected().size();
    const std::uint64_t rejected = rejected_so_far_ += now - known;
    if (over_limit(rejected)) full.close();
    known = now;
    static_cast<void>(empty.push(std::move(*batch)));
  }
}

void Preparation::feed(Queue<std::unique_ptr<Batch>>& full, Queue<std::unique_ptr<Batch>>& empty) {
  while (std::optional<std::unique_ptr<Batch>> batch = empty.pop()) {
    check_interrupted();
    if (!source_->next(**batch)) break;
    if (!full.push(std::move(*batch))) break;
    progress("reading", source_->done(), source_->total());
  }
  full.close();
}

void Preparation::read() {
  const std::size_t batches = threads_ * 2 + 2;
  Queue<std::unique_ptr<Batch>> full(batches);
  Queue<std::unique_ptr<Batch>> empty(batches);
  for (std::size_t i = 0; i < batches; i++) {
    static_cast<void>(empty.push(std::make_unique<Batch>()));
  }
  FirstFailure failure;
  const auto stop = [&] {
    full.close();
    empty.close();
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads_; i++) {
    converters_.push_back(std::make_unique<RowConverter>(plan_, *layout_));
    RowConverter& converter = *converters_.back();
    workers.emplace_back([&] { failure.guard([&] { work(full, empty, converter); }, stop); });
  }
  failure.guard([&] { feed(full, empty); }, stop);
  for (std::thread& worker : workers) worker.join();
  failure.rethrow();
}

// A plain hash would let whoever can guess the file's content check the guess.
void Preparation::commit_to_source() {
  const SecretBytes derived = crypto::hkdf_sha256(key_.view(), {}, as_bytes(kSourceInfo), 32);
  const Secret<32> mac = crypto::hmac_sha256(derived.view(), source_->content());
  std::copy(mac.view().begin(), mac.view().end(), report_.manifest.lineage.source.begin());
}

// The first of them, so that nobody has to open the file of all.
std::string Preparation::first_reject() const {
  const auto first = std::min_element(rejected_.begin(), rejected_.end(),
                                      [](const auto& a, const auto& b) { return a.line < b.line; });
  if (first == rejected_.end()) return {};
  std::string out =
      "; the first: " + std::string(source_->line_word()) + " " + std::to_string(first->line);
  if (first->column != kNoColumn) {
    out += ", column \"" + plan_.columns[first->column].spec->source + "\"";
  }
  out += ", " + std::string(reject_name(first->reason));
  const std::string_view hint = reject_hint(first->reason);
  return hint.empty() ? out : out + " (" + std::string(hint) + ")";
}

void Preparation::count() {
  for (const auto& converter : converters_) {
    report_.rows_in += converter->rows();
    report_.unlisted += converter->unlisted();
    rejected_.insert(rejected_.end(), converter->rejected().begin(), converter->rejected().end());
    add_tallies(tallies_, converter->tallies());
  }
  for (const RejectedRow& row : rejected_) {
    report_.rejected[static_cast<std::size_t>(row.reason)]++;
  }
  report_.rejected_total = rejected_.size();
  if (report_.rows_in == 0) {
    throw Failure(job_.manifest.source_file + " has a header and no rows: nothing to prepare");
  }
  if (report_.rejected_total > 0) write_rejects();
  const RejectLimit& limit = job_.max_rejects;
  const bool too_many = limit.share
                            ? report_.rejected_total * 10'000 > limit.amount * report_.rows_in
                            : report_.rejected_total > limit.amount;
  if (too_many) {
    throw Failure(std::to_string(report_.rejected_total) + " of " +
                  std::to_string(report_.rows_in) + " rows read do not fit, more than " +
                  "--max-rejects allows" + first_reject() + "; all of them are in " +
                  job_.rejects_file);
  }
}

void Preparation::write_rejects() {
  write_whole(job_.rejects_file, reject_lines(plan_, rejected_, source_->line_word()));
}

void Preparation::sort() {
  std::vector<std::unique_ptr<StoreShard>> shards;
  for (const auto& converter : converters_) shards.push_back(converter->take_shard());
  converters_.clear();
  Secret<32> choice;
  const SecretBytes derived = crypto::hkdf_sha256(key_.view(), {}, as_bytes(kChoiceInfo), 32);
  std::copy(derived.view().begin(), derived.view().end(), choice.mutable_view().begin());
  store_ = std::make_unique<RowStore>(*layout_, std::move(shards), report_.manifest.rows_per_person,
                                      choice);
  store_->join_dictionaries();
  FirstFailure failure;
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> workers;
  const auto sort_some = [&](bool shows) {
    for (std::size_t bucket = next++; bucket < kBuckets; bucket = next++) {
      check_interrupted();
      store_->sort(bucket);
      if (shows) progress("sorting", bucket, kBuckets);
    }
  };
  const auto stop = [&] { next = kBuckets; };
  for (unsigned i = 1; i < threads_; i++) {
    workers.emplace_back([&] { failure.guard([&] { sort_some(false); }, stop); });
  }
  failure.guard([&] { sort_some(true); }, stop);
  for (std::thread& worker : workers) worker.join();
  failure.rethrow();
  report_.over_cap = store_->dropped();
}

void Preparation::seal() {
  snapshot::WriterPlan plan = store_->plan(snapshot::kRowsPerBlock);
  report_.rows = plan.rows;
  report_.persons = plan.persons;
  if (plan.rows == 0) throw Failure("no row is left to seal: all were rejected or kept out");
  SealedPair file(job_.out);
  seal_stream(std::move(plan), file);
  publish(file);
}

// Blocks are put together on this thread and sealed on another.
void Preparation::seal_stream(snapshot::WriterPlan plan, SealedPair& file) {
  const std::uint64_t total = plan.rows;
  const auto must = [&](const Status& status) {
    if (status) return;
    file.check();
    throw Failure("the table is too large for a snapshot: " +
                  std::string(status.error().reason.view()));
  };
  Result<snapshot::SnapshotWriter> writer =
      snapshot::SnapshotWriter::create(report_.manifest, std::move(plan), key_.copy(), file);
  if (!writer) must(writer.error());
  Queue<snapshot::Block> queue(4);
  FirstFailure failure;
  std::thread sealer([&] {
    failure.guard(
        [&] {
          while (std::optional<snapshot::Block> block = queue.pop())
            must(writer->add_block(*block));
        },
        [&] { queue.close(); });
  });
  std::uint64_t done = 0;
  failure.guard(
      [&] {
        static_cast<void>(store_->blocks(snapshot::kRowsPerBlock, [&](snapshot::Block&& block) {
          check_interrupted();
          done += block.rows();
          progress("sealing", done, total);
          return queue.push(std::move(block)) ? Status()
                                              : Status(Error{ErrorCode::unavailable, "stopped"});
        }));
      },
      [&] { queue.close(); });
  queue.close();
  sealer.join();
  failure.rethrow();
  const Result<snapshot::StreamSummary> summary = writer->finish();
  if (!summary) must(summary.error());
  report_.manifest.stream = *summary;
  report_.bytes_out = summary->bytes;
}

void Preparation::publish(SealedPair& pair) {
  packet::Envelope envelope =
      packet::make_envelope(snapshot::kManifestType, snapshot::encode(report_.manifest));
  packet::sign(envelope, *job_.signing_key);
  const Result<snapshot::VerifiedManifest> verified =
      snapshot::VerifiedManifest::verify(envelope, job_.signing_key->public_key());
  if (!verified) throw Failure("the manifest cannot be signed: a name in it is not allowed");
  report_.manifest_hash = verified->hash();
  pair.add_manifest(packet::print_envelope(envelope));
  check_interrupted();
  pair.publish([&](std::uint64_t step) {
    if (step == 1 && job_.keep_key) job_.keep_key(report_.manifest_hash, key_);
    progress("publishing", step, SealedPair::kSteps);
  });
}

}  // namespace

std::optional<RejectLimit> parse_reject_limit(std::string_view text) {
  RejectLimit out;
  out.share = text.ends_with('%');
  if (out.share) text.remove_suffix(1);
  const std::optional<std::int64_t> amount =
      parse_cell(text, out.share ? ValueType{Type::decimal, 2} : ValueType{Type::integer, 0});
  if (text.empty() || text.front() == ' ' || !amount || *amount < 0) return std::nullopt;
  if (out.share && *amount > 10'000) return std::nullopt;
  out.amount = static_cast<std::uint64_t>(*amount);
  return out;
}

std::string reject_lines(const ConvertPlan& plan, std::vector<RejectedRow> rejected,
                         std::string_view line_word) {
  std::sort(rejected.begin(), rejected.end(), [](const RejectedRow& a, const RejectedRow& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  std::string out = std::string(line_word) + ",column,reason\n";
  for (const RejectedRow& row : rejected) {
    out += std::to_string(row.line) + ",";
    if (row.column != kNoColumn) {
      std::string name = plan.columns[row.column].spec->source;
      for (std::size_t at = name.find('"'); at != std::string::npos; at = name.find('"', at + 2)) {
        name.insert(at, 1, '"');
      }
      out += "\"" + name + "\"";
    }
    out += "," + std::string(reject_name(row.reason)) + "\n";
  }
  return out;
}

PrepareReport prepare(const PrepareJob& job) {
  try {
    return Preparation(job).run();
  } catch (const std::bad_alloc&) {
    throw Failure(std::string(kTooLarge));
  }
}

}  // namespace gbx::prepare

"""Which folder may include which: the arrows of docs/architecture.md, as a table.

A folder takes the rule of its longest prefix here. It may always include itself. Everything that is
not listed is refused, so a new arrow is added here, in the commit that argues for it.
"""

ALLOWED = {
    "trusted/base": [],
    "trusted/crypto": ["trusted/base"],
    # Amounts of privacy and plans are written into packets and policies, in their own types.
    "trusted/packet": ["trusted/base", "trusted/crypto", "trusted/privacy/amount.h",
                       "trusted/privacy/plan.h"],
    "trusted/policy": ["trusted/base", "trusted/crypto", "trusted/packet",
                       "trusted/privacy/amount.h", "trusted/privacy/plan.h",
                       "trusted/privacy/rations.h"],
    "trusted/sql": ["trusted/base"],
    "trusted/privacy": ["trusted/base"],
    "trusted/snapshot": ["trusted/base", "trusted/crypto", "trusted/packet"],
    "trusted/log": ["trusted/base", "trusted/crypto"],
    "trusted/firewall": ["trusted/base", "trusted/sql", "trusted/policy", "trusted/privacy"],
    "trusted/room": [
        "trusted/base", "trusted/crypto", "trusted/firewall", "trusted/log", "trusted/packet",
        "trusted/policy", "trusted/privacy", "trusted/snapshot", "trusted/sql",
    ],
    "attest": ["trusted/base", "trusted/crypto", "trusted/packet"],
    "engine": ["trusted/base", "trusted/crypto/hash.h", "trusted/sql", "trusted/snapshot",
               "trusted/privacy/aggregate.h", "trusted/privacy/plan.h", "trusted/room/engine.h"],
    "enclave": ["trusted", "attest", "engine"],
    "host": ["trusted/base", "trusted/crypto/hash.h", "enclave/frames.h", "enclave/channel.h"],
    # An analyst's forecast parses and checks the analyst's own question as a room would.
    "client": ["trusted/base", "trusted/crypto", "trusted/packet", "trusted/policy", "trusted/log",
               "trusted/sql", "trusted/snapshot", "trusted/privacy", "trusted/firewall", "attest",
               "enclave/frames.h", "enclave/channel.h", "engine/duckdb/parse.h",
               "engine/duckdb/database.h"],
    "cli": ["client", "trusted/base", "trusted/crypto", "trusted/packet", "trusted/policy"],
    "examples": ["trusted/base"],
    "tests": ["trusted", "attest", "engine", "enclave", "host", "client", "cli"],
    "bench": ["trusted", "attest", "engine", "enclave", "host", "client", "cli", "tests/sim"],
}

# Tests and fuzz targets may use what production code of their folder may not.
ALLOWED_IN_TESTS = ["trusted/base", "trusted/crypto", "tests", "engine/testing",
                    "client/room"]

# A third-party header, who may include it, and what to use elsewhere.
EXTERNAL = [
    ("openssl/", ["trusted/crypto"], "trusted/crypto"),
    ("nlohmann/", ["trusted/base/json.cc"], "trusted/base/json.h"),
    ("duckdb.h", ["engine/duckdb", "enclave", "client", "bench", "tests"], "engine/duckdb"),
    ("yaml-cpp/", ["client"], "client/policy or client/prepare"),
    ("CLI/", ["cli", "host"], "cli/"),
    ("phonenumbers/", ["client/prepare"], "client/prepare"),
    ("seccomp.h", ["enclave"], "enclave/"),
]

# Headers that trusted/ and attest/ may not include (tests may), and what to use instead.
FORBIDDEN_IN_TRUSTED = {
    "fstream": "a seam of trusted/base/seams.h", "iostream": "a Result", "thread": "one thread",
    "filesystem": "a seam of trusted/base/seams.h", "mutex": "one thread", "chrono": "Clock",
    "ctime": "Clock", "time.h": "Clock", "future": "one thread",
    "random": "Entropy", "regex": "a small parser", "sstream": "std::string and to_chars",
    "stdexcept": "Result", "exception": "Result", "unistd.h": "a seam", "fcntl.h": "a seam",
    "sys/socket.h": "a seam", "sys/stat.h": "a seam", "format": "std::string and to_chars",
}

# Source files whose header no test beside them includes, and the file that tests them instead; a
# folder covers all its files. cli/ and files with main() need no line: the e2e tests run them.
TESTED_ELSEWHERE = {
    "attest/cpu_trust.cc": "attest/trust_policy_test.cc",
    "attest/dcap_collateral.cc": "attest/dcap_test.cc",
    "attest/dcap_quote.cc": "attest/dcap_test.cc",
    "attest/pck.cc": "attest/dcap_test.cc",
    "attest/snp_report.cc": "attest/snp_test.cc",
    "attest/unbuilt_platforms.cc": "attest/evidence_verdict_test.cc",
    "attest/vm_trust.cc": "attest/trust_policy_test.cc",
    "client/policy/table_section.cc": "client/policy/collaboration_test.cc",
    "client/policy/words_evidence.cc": "client/policy/wording_test.cc",
    "client/policy/words_policy.cc": "client/policy/wording_test.cc",
    "client/policy/words_processors.cc": "client/policy/wording_test.cc",
    "client/policy/words_proof.cc": "client/policy/wording_test.cc",
    "client/policy/words_query.cc": "client/policy/wording_test.cc",
    "client/policy/words_room.cc": "client/policy/wording_test.cc",
    "client/policy/yaml_section.cc": "client/policy/collaboration_test.cc",
    "client/ledger/population_codec.cc": "client/ledger/population_test.cc",
    "client/prepare/rows.cc": "client/prepare/prepare_test.cc",
    "client/query/answer_file.cc": "client/query/verify_answer_test.cc",
    "client/room/connection.cc": "host/server_test.cc",
    "enclave/file_source.cc": "host/server_test.cc",
    "enclave/worker.cc": "enclave/worker_pool_test.cc",
    "enclave/zygote.cc": "enclave/worker_pool_test.cc",
    "client/room/measure.cc": "tests/e2e/line_test.py",
    "client/room/provide.cc": "tests/e2e/line_test.py",
    "enclave/harden.cc": "tests/e2e/line_test.py",
    "enclave/image.cc": "tests/e2e/line_test.py",
    "enclave/session.cc": "tests/sim/flow_test.cc",
    "host/room_process.cc": "tests/e2e/line_test.py",
    "trusted/firewall/assemble.cc": "trusted/firewall/check_test.cc",
    "trusted/crypto/aead.cc": "trusted/crypto/hpke_test.cc",
    "trusted/crypto/hash.cc": "trusted/crypto/hpke_test.cc",
    "trusted/crypto/sign.cc": "trusted/packet/dsse_test.cc",
    "trusted/crypto/verifying_key.cc": "trusted/crypto/x509_test.cc",
    "trusted/packet/binding.cc": "trusted/packet/room_packets_test.cc",
    "trusted/privacy/rho_limit.cc": "trusted/privacy/amount_test.cc",
    "trusted/policy/codec.cc": "trusted/policy/policy_test.cc",
    "trusted/policy/check.cc": "trusted/policy/policy_test.cc",
    "trusted/room/groups.cc": "trusted/room/engine_test.cc",
    "trusted/room/query.cc": "tests/sim/flow_test.cc",
    "trusted/room/released_table.cc": "tests/sim/flow_test.cc",
    "trusted/room/response.cc": "tests/sim/flow_test.cc",
    "trusted/room/room.cc": "tests/sim/flow_test.cc",
    "trusted/snapshot/writer.cc": "trusted/snapshot/snapshot_test.cc",
    "trusted/firewall/rule.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/bind.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/bind_aggregate.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/bind_expression.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/bind_join.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/build.cc": "tests/sql/render_test.cc",
    "trusted/sql/catalog.cc": "trusted/sql/evaluate_test.cc",
    "trusted/sql/expression.cc": "trusted/sql/evaluate_test.cc",
    "trusted/sql/expression_codec.cc": "trusted/sql/task_codec_test.cc",
    "trusted/sql/render_expression.cc": "tests/sql/render_test.cc",
    "trusted/sql/render_step.cc": "engine/duckdb/duckdb_engine_test.cc",
    "engine/choice.cc": "engine/engine_test.cc",
    "engine/rank.cc": "engine/merge/merge_test.cc",
    "engine/duckdb/load.cc": "engine/duckdb/duckdb_engine_test.cc",
    "trusted/sql/normal_form.cc": "tests/sql/normal_form_test.cc",
    "trusted/sql/parse.cc": "tests/sql/tree_test.cc",
    "trusted/sql/parse_expression.cc": "tests/sql/tree_test.cc",
    "trusted/sql/parse_window.cc": "tests/sql/parse_test.cc",
    "trusted/sql/plain_select.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/print.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/query.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/render.cc": "tests/sql/render_test.cc",
    "trusted/sql/row_leaves.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/scope.cc": "tests/sql/corpus_test.cc",
    "trusted/sql/task.cc": "trusted/sql/evaluate_test.cc",
    "trusted/sql/well_formed.cc": "trusted/sql/task_codec_test.cc",
    "engine/merge": "engine/merge/merge_test.cc",
}

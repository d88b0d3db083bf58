// A program around SQLite: makes a database in /work, fills, asks, changes and checks it, and removes it again.
//
// What depends on clock or randomness goes to the first line; the last line is the same on each host.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sqlite3.h"

#define DATABASE "/work/orders.db"

static sqlite3 *db;
static uint64_t digest = 0xcbf29ce484222325;

static void check(int code, int wanted, const char *what) {
    if (code != wanted) {
        fprintf(stderr, "%s: %d, %s\n", what, code, db ? sqlite3_errmsg(db) : "no database");
        exit(1);
    }
}

static void run(const char *sql) { check(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql); }

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, sql);
    return statement;
}

// Prints every row, and puts it into the digest (FNV-1a).
static void show(const char *title, const char *sql) {
    sqlite3_stmt *statement = prepare(sql);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        printf("%s", title);
        for (int column = 0; column < sqlite3_column_count(statement); column++) {
            const char *text = (const char *)sqlite3_column_text(statement, column);
            printf(" | %s", text ? text : "NULL");
            for (const char *at = text; at && *at; at++) {
                digest = (digest ^ (unsigned char)*at) * 0x100000001b3;
            }
        }
        printf("\n");
        fflush(stdout); // as an interactive shell does, a write for each line
    }
    check(code, SQLITE_DONE, sql);
    check(sqlite3_finalize(statement), SQLITE_OK, sql);
}

static void fill(int batches, int rows) {
    sqlite3_stmt *insert = prepare("INSERT INTO orders(customer, item, amount, price, note) VALUES (?, ?, ?, ?, ?)");
    uint32_t state = 1;
    for (int batch = 0; batch < batches; batch++) {
        run("BEGIN");
        for (int row = 0; row < rows; row++) {
            state = state * 1664525 + 1013904223;
            char note[64];
            int length = snprintf(note, sizeof note, "order %d of batch %d, parcel %" PRIx32, row, batch, state);
            sqlite3_bind_int(insert, 1, state >> 16 & 255);
            sqlite3_bind_int(insert, 2, state >> 24);
            sqlite3_bind_int(insert, 3, state >> 8 & 15);
            sqlite3_bind_double(insert, 4, (state >> 4 & 4095) / 16.0);
            sqlite3_bind_text(insert, 5, note, length, SQLITE_TRANSIENT);
            check(sqlite3_step(insert), SQLITE_DONE, "insert");
            check(sqlite3_reset(insert), SQLITE_OK, "insert");
        }
        run("COMMIT");
    }
    check(sqlite3_finalize(insert), SQLITE_OK, "insert");
}

int main(void) {
    uint64_t session;
    if (getentropy(&session, sizeof session) != 0) {
        perror("getentropy");
        return 1;
    }
    // WASI has no locks, and nobody else has this database.
    check(sqlite3_open_v2(DATABASE, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix-none"), SQLITE_OK, DATABASE);
    sqlite3_stmt *now = prepare("SELECT strftime('%s', 'now'), lower(hex(randomblob(8)))");
    check(sqlite3_step(now), SQLITE_ROW, "now");
    printf("session %016" PRIx64 " at %s, %s\n", session, sqlite3_column_text(now, 0), sqlite3_column_text(now, 1));
    check(sqlite3_finalize(now), SQLITE_OK, "now");

    // Nothing is forced to the disk, whose speed would be all that is measured; each commit still writes a journal file,
    // the pages, and removes the journal. The small cache makes for reading pages again.
    run("PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE; PRAGMA cache_size = 40; PRAGMA temp_store = MEMORY");
    run("CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INT, item INT REFERENCES items, amount INT, price REAL, note TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 255)"
        "  INSERT INTO items SELECT i, printf('item %03d', i) FROM n;");
    fill(40, 100);
    run("CREATE INDEX by_customer ON orders(customer, item)");
    show("total", "SELECT count(*), sum(amount), printf('%.4f', sum(amount * price)) FROM orders");
    show("best", "SELECT name, count(*), sum(amount) AS sold FROM orders JOIN items ON items.id = item"
                 " GROUP BY item ORDER BY sold DESC, name LIMIT 8");
    show("customer", "SELECT customer, group_concat(DISTINCT item), max(note) FROM orders"
                     " WHERE customer BETWEEN 40 AND 47 GROUP BY customer ORDER BY customer");
    show("window", "SELECT id, customer, sum(amount) OVER (PARTITION BY customer ORDER BY id) AS running FROM orders"
                   " WHERE customer % 32 = 7 ORDER BY running DESC, id LIMIT 8");
    run("UPDATE orders SET price = price * 1.25, note = upper(note) WHERE item % 8 = 3");
    run("DELETE FROM orders WHERE customer % 16 = 5");
    run("VACUUM");
    show("left", "SELECT count(*), printf('%.4f', sum(amount * price)), count(DISTINCT substr(note, -8)) FROM orders");
    show("like", "SELECT count(*) FROM orders WHERE note LIKE '%BATCH 1%' AND note NOT LIKE '%parcel f%'");
    show("check", "PRAGMA integrity_check");
    check(sqlite3_close(db), SQLITE_OK, "close");
    if (remove(DATABASE) != 0) {
        perror(DATABASE);
        return 1;
    }
    printf("digest %016" PRIx64 "\n", digest);
    return 0;
}

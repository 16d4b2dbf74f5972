using System.Text;
using CsCheck;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Support;
using static Pup.Tests.Projections.Documents.Events;

namespace Pup.Tests.Projections.Documents;

public sealed class DocumentProjectionTests(PostgresServer server)
{
    private static readonly string[] _ids = ["a", "b", "c", "Ünïcødé 🐘", ""];

    private static readonly Gen<PersistedEvent> _event =
        from type in Gen.Frequency((6, Gen.Const("Moved")), (2, Gen.Const("Noted")), (1, Gen.Const("Closed")), (1, Gen.Const("Unrelated")))
        from ids in Gen.Select(Gen.Int[0, 4], Gen.Int[0, 4])
        from number in Gen.Int[0, 3]
        select type == "Moved" ? Moved(0, _ids[ids.Item1], _ids[ids.Item2], number / 10m) : Of(0, type, _ids[ids.Item1], $"\"{number}\\");

    private static readonly Gen<(PersistedEvent Event, int Cut)[]> _history =
        Gen.Select(_event, Gen.Int[0, 11]).Array[0, 60].Select(events => events.Select((e, i) => (e.Item1 with { GlobalPosition = i + 1 }, e.Item2)).ToArray());

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(1 << 20)]
    public async Task Any_partition_of_the_events_into_batches_gives_the_documents_of_a_serial_fold(long cacheBytes)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection(cacheBytes));

        await _history.SampleAsync(
            async history =>
            {
                await runner.ResetAsync();
                var batch = new List<PersistedEvent>();
                foreach (var (e, cut) in history)
                {
                    batch.Add(e);
                    // A cut of 0 loses the batch after it was handled, 1 and 2 commit it; the rest goes on.
                    if (cut == 0)
                        await runner.RunAndLoseAsync([.. batch]);
                    if (cut is not (1 or 2))
                        continue;
                    await runner.RunAsync([.. batch]);
                    batch.Clear();
                }

                await runner.RunAsync([.. batch]);
                Assert.Equal(AccountProjection.SerialFold(history.Select(entry => entry.Event)), await runner.AllAsync());
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public async Task A_batch_is_one_load_and_one_upsert_and_one_delete_however_many_events_it_has()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection(cacheBytes: 0));
        await runner.RunAsync(Moved(1, "a", "b", 1), Moved(2, "b", "c", 1));

        await runner.RunAsync(Moved(3, "a", "b", 1), Moved(4, "a", "b", 1), Of(5, "Closed", "c"), Moved(6, "b", "a", 1));

        Assert.Equal(["select", "insert", "delete"], runner.Sent.Select(sent => sent.Sql.Split(' ')[0]));
        Assert.Equal(-2, (await runner.Reader.LoadAsync("a", TestContext.Current.CancellationToken))!.Balance);
        Assert.Null(await runner.Reader.LoadAsync("c", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_document_deleted_and_made_anew_in_one_batch_starts_from_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        await runner.RunAsync(Moved(1, "a", "a", 0), Noted(2, "a", "old"));

        await runner.RunAsync(Of(3, "Closed", "a"), Moved(4, "x", "a", 5), Moved(5, "gone", "a", 1), Of(6, "Closed", "gone"));

        Assert.Equal(new Account { Owner = "a", Balance = 6, Recent = [4, 5] }, (await runner.AllAsync())["a"]);
        Assert.Equal(["a", "x"], (await runner.AllAsync()).Keys);
        Assert.DoesNotContain(runner.Sent, sent => sent.Sql.StartsWith("delete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hot_document_is_not_loaded_again_and_an_unchanged_one_is_not_written()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        await runner.RunAsync(Noted(1, "a", "x"));
        Assert.Equal(2, runner.Sent.Count);

        await runner.RunAsync(Noted(2, "a", "y"));
        Assert.StartsWith("insert", Assert.Single(runner.Sent).Sql, StringComparison.Ordinal);
        await runner.RunAsync(Noted(3, "a", "z"), Noted(4, "a", "y"));
        Assert.Empty(runner.Sent);

        Assert.Equal(2, await database.ScalarAsync<long>("select position from accounts_documents"));
    }

    [Fact]
    public async Task After_a_batch_that_did_not_commit_documents_are_loaded_again()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        await runner.RunAsync(Moved(1, "a", "b", 1));

        await runner.RunAndLoseAsync(Moved(2, "a", "b", 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(Moved(2, "a", "b", 1), Of(3, "Failed", "b")));
        await runner.RunAsync(Moved(2, "a", "b", 1));

        Assert.Equal(2, (await runner.AllAsync())["b"].Balance);
        Assert.StartsWith("select", runner.Sent[0].Sql, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Apply_that_changes_its_document_in_place_loses_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Tally>.CreateAsync(database, new InPlaceProjection());
        await runner.RunAsync(Noted(1, "a", "1"));
        await runner.RunAsync(Noted(2, "a", "2"));
        await runner.RunAndLoseAsync(Noted(3, "a", "3"));
        await runner.RunAsync(Noted(3, "a", "3"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(Noted(4, "a", "4"), Of(5, "Failed", "a")));
        await runner.RunAsync(Noted(4, "a", "4"));
        await runner.RunAsync(Of(6, "Ignored", "a"));

        Assert.Equal(["1", "2", "3", "4"], (await runner.AllAsync())["a"].Notes);
        Assert.Empty(runner.Sent);
    }

    [Fact]
    public async Task Documents_of_a_megabyte_are_folded_in_runs_of_one_transaction()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        var ids = Enumerable.Range(0, 40).Select(i => $"large-{i}").ToArray();
        for (var round = 1; round <= 2; round++)
        {
            var start = round * 1000;
            // Twice through all ids, so that a document is needed again after its run was written.
            await runner.RunAsync([.. ids.Concat(ids).Select((id, i) => Noted(start + i, id, new string((char)('a' + round), (1 << 20) + i)))]);
        }

        Assert.True(runner.Sent.Count(sent => sent.Sql.StartsWith("insert", StringComparison.Ordinal)) > 2);
        var all = await runner.AllAsync();
        Assert.Equal(40, all.Count);
        Assert.All(ids, (id, i) => Assert.Equal(new string('c', (1 << 20) + 40 + i), all[id].Note));
    }

    [Theory]
    [InlineData("a\0b", false)]
    [InlineData("\\u0000", true)]
    [InlineData("\\\\\0", false)]
    [InlineData("quote \" line \n tab \t 🐘 \u2028 </script>", true)]
    public async Task The_character_NUL_is_laid_at_the_event_that_brought_it(string note, bool accepted)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        PersistedEvent[] events = [Noted(1, "a", "x"), Noted(2, "b", "y"), Noted(3, "b", note), Noted(4, "a", "z")];

        if (accepted)
        {
            await runner.RunAsync(events);
            Assert.Equal(note, (await runner.AllAsync())["b"].Note);
            return;
        }

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(events));
        Assert.Contains("Document 'b' for table accounts_documents contains the character NUL", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, runner.FailedItem);
    }

    [Fact]
    public async Task A_failing_Apply_is_laid_at_its_event_and_one_that_cannot_be_written_at_the_last_that_changed_it()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Reading>.CreateAsync(database, new ReadingProjection());

        await Assert.ThrowsAsync<FormatException>(() => runner.RunAsync(Noted(1, "a", "1"), Noted(2, "a", "x"), Noted(3, "b", "3")));
        Assert.Equal(1, runner.FailedItem);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(Noted(1, "a", "1"), Noted(2, "b", "2"), Noted(3, "a", "NaN"), Noted(4, "b", "4")));
        Assert.Equal(2, runner.FailedItem);
        Assert.StartsWith("Document 'a' for table readings_documents cannot be written as JSON", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_document_of_another_shape_is_refused_in_words()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Reading>.CreateAsync(database, new ReadingProjection());
        await database.ExecuteAsync("insert into readings_documents (id, document, position) values ('a', '{\"value\": []}', 1)");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(Noted(2, "b", "1"), Noted(3, "a", "1")));

        Assert.Equal(1, runner.FailedItem);
        Assert.Contains("cannot be read as Reading", error.Message, StringComparison.Ordinal);
        Assert.Contains("raise DocumentVersion and rebuild", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Identities_may_be_any_text_that_an_index_takes_and_the_rest_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var projection = new ReadingProjection();
        var runner = await DocumentRunner<Reading>.CreateAsync(database, projection);
        // Random, so that PostgreSQL cannot make it fit by compression.
        var random = new Random(7);
        var longest = new string([.. Enumerable.Range(0, 2600).Select(_ => (char)random.Next('!', '~'))]);
        string[] ids = ["", " ", "'; drop table events; --", "日本語/🐘", "{\"a\",NULL}", "A", "a", longest];

        await runner.RunAsync([.. ids.Select((id, i) => Noted(i + 1, id, $"{i}"))]);

        var all = await runner.Reader.LoadManyAsync([.. ids, "missing", "nul\0", "\ud800"], TestContext.Current.CancellationToken);
        Assert.Equal(ids.Order(StringComparer.Ordinal), all.Keys.Order(StringComparer.Ordinal));
        Assert.All(ids, (id, i) => Assert.Equal(i, all[id].Value.Value));
        foreach (var id in new[] { new string('x', 10_000), longest + "x", "nul\0", "half \ud83d pair" })
            Assert.ThrowsAny<ArgumentException>(() => ((IBatchProjection)projection).KeysOf(Noted(9, id, "1")).ToList());
    }

    [Fact]
    public async Task A_table_that_is_somebody_elses_is_neither_written_nor_emptied()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table accounts_documents (id text primary key, document jsonb, position bigint, updated_at timestamptz)");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => DocumentRunner<Account>.CreateAsync(database, new AccountProjection()));

        Assert.Contains("may be somebody else's", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preparing_twice_keeps_the_documents_and_a_reset_empties_the_table()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var projection = new AccountProjection();
        var runner = await DocumentRunner<Account>.CreateAsync(database, projection);
        await runner.RunAsync(Moved(1, "a", "b", 1));

        runner = await DocumentRunner<Account>.CreateAsync(database, projection);
        Assert.Equal(2, (await runner.AllAsync()).Count);
        await runner.ResetAsync();
        Assert.Empty(await runner.AllAsync());
        await runner.RunAsync(Moved(1, "a", "b", 1));

        Assert.Equal(1, (await runner.AllAsync())["b"].Balance);
    }

    [Fact]
    public async Task A_command_that_the_server_refuses_rolls_the_whole_batch_back()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        await database.ExecuteAsync("alter table accounts_documents add check (document ->> 'note' is distinct from 'refused')");

        var error = await Assert.ThrowsAsync<PostgresException>(() => runner.RunAsync(Moved(1, "a", "b", 1), Noted(2, "b", "refused")));

        Assert.Equal(PostgresErrorCodes.CheckViolation, error.SqlState);
        // Which of the documents it was the server does not say: the worker tries one event at a time.
        Assert.Equal(-1, runner.FailedItem);
        Assert.Empty(await runner.AllAsync());
    }

    private sealed class Tally
    {
        public List<string> Notes { get; init; } = [];
    }

    private sealed class InPlaceProjection : DocumentProjection<Tally>
    {
        public override string Name => "in-place";

        protected override Tally? Apply(Tally? document, PersistedEvent @event)
        {
            document ??= new Tally();
            if (@event.EventType == "Failed")
            {
                document.Notes.Clear();
                throw new InvalidOperationException("This event fails.");
            }

            if (@event.EventType == "Noted")
                document.Notes.Add(Encoding.UTF8.GetString(@event.Payload.Span));
            return document;
        }
    }
}

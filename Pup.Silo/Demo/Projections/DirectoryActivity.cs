using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Silo.Demo.History;
using Pup.Silo.Demo.Import;

namespace Pup.Silo.Demo.Projections;

/// <summary>
/// Changes and distinct authors of each top-level directory. The live style: the handler asks the database within the
/// transaction, here whether an author is new to a directory; it is ordered by directory rather than by file.
/// </summary>
internal sealed class DirectoryActivity : IKeyedProjection, IReadModelProjection, IResettableProjection
{
    private ProjectionTransaction? _asked;
    private HashSet<(string Directory, string Author)> _known = [];

    public string Name => "directory_activity";

    public ProjectionScope Scope { get; } = new([SourceEvents.Context], [SourceEvents.FileAggregate]);

    public string KeyName => "top-level directory";

    public int ReadModelVersion => 1;

    public string KeyOf(PersistedEvent @event) => GitPath.TopDirectory(@event.AggregateId);

    private const string CreateDirectories = """
        create table if not exists directory_activity (
            directory text primary key,
            changes bigint not null,
            authors bigint not null,
            lines_added bigint not null,
            lines_removed bigint not null,
            last_changed_at timestamptz not null
        )
        """;

    private const string CreateAuthors = """
        create table if not exists directory_authors (
            directory text not null,
            author text not null,
            primary key (directory, author)
        )
        """;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateDirectories);
        transaction.Execute(CreateAuthors);
        return ValueTask.CompletedTask;
    }

    private const string AddAuthor = "insert into directory_authors (directory, author) values ($1, $2) on conflict do nothing";

    private const string Upsert = """
        insert into directory_activity as d (directory, changes, authors, lines_added, lines_removed, last_changed_at)
        values ($1, 1, $2, $3, $4, $5)
        on conflict (directory) do update set
            changes = d.changes + 1,
            authors = d.authors + excluded.authors,
            lines_added = d.lines_added + excluded.lines_added,
            lines_removed = d.lines_removed + excluded.lines_removed,
            last_changed_at = excluded.last_changed_at
        """;

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var change = SourcePayload.Of(@event);
        var directory = KeyOf(@event);
        var isNew = await IsNewAsync(directory, change.Author, transaction, cancellationToken);
        transaction.Execute(Upsert, directory, isNew ? 1L : 0L, change.Added, change.Removed, change.At);
    }

    // A question costs a round trip, so each is asked once a transaction: what this one has written or found, it need not ask again.
    private async ValueTask<bool> IsNewAsync(string directory, string author, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(_asked, transaction))
            (_asked, _known) = (transaction, []);
        if (_known.Contains((directory, author)))
            return false;
        var live = await transaction.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(AddAuthor, live.Connection, live);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = directory });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = author });
        var isNew = await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        _known.Add((directory, author));
        return isNew;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate directory_activity, directory_authors");
        return ValueTask.CompletedTask;
    }
}

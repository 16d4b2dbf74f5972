using Npgsql;
using Pup.Grains;
using Pup.Silo.Clustering;

namespace Pup.Silo.Doctor;

/// <summary>The session that all checks look through, and what they all need to know.</summary>
internal sealed class ExaminedDatabase : IAsyncDisposable
{
    private readonly List<string> _notes = [];

    private ExaminedDatabase(NpgsqlConnection connection, PupOptions options, ClusterSettings cluster, DoctorLimits limits, IPartitionStatuses? statuses)
    {
        (Connection, Options, Cluster, Limits, Statuses) = (connection, options, cluster, limits, statuses);
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>As this process is configured; silos are taken to be configured alike.</summary>
    public PupOptions Options { get; }

    public ClusterSettings Cluster { get; }

    public DoctorLimits Limits { get; }

    /// <summary>Null when there is no way to ask silos.</summary>
    public IPartitionStatuses? Statuses { get; }

    public LivingSilos Silos { get; private set; } = LivingSilos.Unknown;

    /// <summary>Whether other roles' sessions show what they do and since when.</summary>
    public bool SeesAllSessions { get; private set; }

    public string Role { get; private set; } = "";

    public string Name => Connection.Database;

    public IReadOnlyList<string> Notes => _notes;

    /// <summary>What to say of a session whose age or state is null.</summary>
    public string? HiddenSession => SeesAllSessions
        ? null
        : $"What other roles' sessions do, and since when, is hidden from role '{Role}': `grant pg_read_all_stats to \"{Role}\"`.";

    public static async Task<ExaminedDatabase> OpenAsync(
        NpgsqlDataSource dataSource, PupOptions options, ClusterSettings cluster, DoctorLimits limits, IPartitionStatuses? statuses, CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var database = new ExaminedDatabase(connection, options, cluster, limits, statuses);
        try
        {
            await database.PrepareAsync(cancellationToken);
            return database;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // A doctor that waits in a queue of locks makes it longer.
    private const string PrepareSql = "set lock_timeout = '2s'; set statement_timeout = '30s'";

    private const string RoleSql = "select current_user::text, pg_has_role('pg_read_all_stats', 'usage')";

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using (var prepare = new NpgsqlCommand(PrepareSql, Connection))
            await prepare.ExecuteNonQueryAsync(cancellationToken);
        (Role, SeesAllSessions) = (await ReadAsync(RoleSql, static row => (row.GetString(0), row.GetBoolean(1)), cancellationToken))[0];
        if (HiddenSession is { } hidden)
            Note(hidden);
    }

    public async Task FindSilosAsync(CancellationToken cancellationToken) => Silos = await LivingSilos.ReadAsync(this, cancellationToken);

    /// <summary>Something that is no finding, and that whoever reads the report should know.</summary>
    public void Note(string note)
    {
        if (!_notes.Contains(note))
            _notes.Add(note);
    }

    /// <summary>The rows of a constant statement.</summary>
    public async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken, params object[] args)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        foreach (var arg in args)
            command.Parameters.Add(new() { Value = arg });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(row(reader));
        return rows;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}

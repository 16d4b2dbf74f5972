using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;
using Pup.Grains.Projections.Documents;

namespace Pup.Grains.Projections;

/// <summary>
/// Reads the documents of a projection, for example in a web application. Thread-safe; one instance serves all requests.
/// Whatever varies travels as a parameter.
/// </summary>
/// <param name="dataSource">Connections to the database that holds the read model.</param>
/// <param name="projection">The projection, for its table and the shape of its documents; it is not run.</param>
public sealed class DocumentReader<TDocument>(NpgsqlDataSource dataSource, DocumentProjection<TDocument> projection)
    where TDocument : class
{
    /// <summary>Documents that a query returns unless told otherwise.</summary>
    public const int DefaultLimit = 100;

    private readonly JsonTypeInfo<TDocument> _typeInfo = projection.TypeInfo;
    private readonly DocumentTable _table = projection.Table;

    /// <summary>The document, or null when there is none.</summary>
    public async ValueTask<TDocument?> LoadAsync(string id, CancellationToken cancellationToken = default)
    {
        var documents = await LoadManyAsync([id], cancellationToken);
        return documents.TryGetValue(id, out var document) ? document.Value : null;
    }

    /// <summary>The documents that exist among <paramref name="ids"/>, by identity, all of one moment.</summary>
    public async ValueTask<IReadOnlyDictionary<string, StoredDocument<TDocument>>> LoadManyAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        // What can be no identity has no document; PostgreSQL would refuse the whole query because of it.
        var possible = ids.Where(id => DocumentId.Problem(id) is null).ToArray();
        var parameter = new NpgsqlParameter<string[]> { TypedValue = possible, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
        var found = new Dictionary<string, StoredDocument<TDocument>>(StringComparer.Ordinal);
        await foreach (var document in ReadAsync(_table.ReadMany, [parameter], cancellationToken))
            found[document.Id] = document;
        return found;
    }

    /// <summary>
    /// Documents that contain <paramref name="containedJson"/> (jsonb <c>@&gt;</c>), by identity, from the one after
    /// <paramref name="afterId"/>. A GIN index with jsonb_path_ops on the column <c>document</c> makes it fast.
    /// </summary>
    public IAsyncEnumerable<StoredDocument<TDocument>> QueryAsync(
        string containedJson, string? afterId = null, int limit = DefaultLimit, CancellationToken cancellationToken = default) =>
        ReadAsync(_table.ReadContaining, [Jsonb(containedJson), Text(afterId), Limit(limit)], cancellationToken);

    /// <summary>
    /// Documents for which the SQL/JSON path finds something, for example <c>$ ? (@.lines &gt; $least)</c> with the variables
    /// <c>{"least": 10}</c>. Put what a user typed into the variables, never into the path.
    /// </summary>
    public IAsyncEnumerable<StoredDocument<TDocument>> QueryPathAsync(
        string path, string variablesJson = "{}", string? afterId = null, int limit = DefaultLimit, CancellationToken cancellationToken = default) =>
        ReadAsync(_table.ReadMatching, [Text(path), Jsonb(variablesJson), Text(afterId), Limit(limit)], cancellationToken);

    private async IAsyncEnumerable<StoredDocument<TDocument>> ReadAsync(
        string sql, NpgsqlParameter[] parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return Row(reader);
    }

    private StoredDocument<TDocument> Row(NpgsqlDataReader reader)
    {
        var id = reader.GetString(0);
        try
        {
            var value = JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(1), _typeInfo) ?? throw new JsonException("It is null.");
            return new StoredDocument<TDocument>(id, value, reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(3));
        }
        catch (JsonException exception)
        {
            throw new InvalidOperationException(
                $"Document '{id}' of table {_table.Name} cannot be read as {typeof(TDocument).Name}: {exception.Message} If its shape has changed, the projection needs a rebuild.",
                exception);
        }
    }

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Jsonb(string value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Jsonb };

    private static NpgsqlParameter<int> Limit(int value) => new() { TypedValue = value };
}

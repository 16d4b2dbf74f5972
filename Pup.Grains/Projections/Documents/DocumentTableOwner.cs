using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Projections.Documents;

/// <summary>Sees to it that a table which happens to have our name, but is somebody else's, is neither written to nor emptied.</summary>
internal static class DocumentTableOwner
{
    private const string CommentSql = "select obj_description(to_regclass($1), 'pg_class') where to_regclass($1) is not null";

    public static async ValueTask CheckAsync(DocumentTable table, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var query = new NpgsqlBatchCommand(CommentSql)
        {
            Parameters = { new() { Value = table.Identifier, NpgsqlDbType = NpgsqlDbType.Text } },
        };
        await using var reader = await transaction.QueryAsync(query, cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return;

        var comment = await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetString(0);
        if (comment != table.Owner)
            throw new InvalidOperationException(
                $"Table {table.Identifier} exists, but its comment is not \"{table.Owner}\": it may be somebody else's. Rename or drop it, or rename the projection.");
    }
}

using Npgsql;
using NpgsqlTypes;

namespace Pup.Client.Operations.DeadLetters;

/// <summary>A filter as the first five parameters of a statement: projection, id, ordering key, part of the error, id of the page before.</summary>
internal static class DeadLetterConditions
{
    public static void AddTo(NpgsqlParameterCollection parameters, string projection, DeadLetterFilter filter)
    {
        parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        parameters.Add(new NpgsqlParameter { Value = (object?)filter.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        parameters.Add(new NpgsqlParameter { Value = (object?)filter.OrderingKey ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        parameters.Add(new NpgsqlParameter { Value = (object?)filter.Error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        parameters.Add(new NpgsqlParameter { Value = (object?)filter.After ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
    }
}

using System.Reflection;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Pup.Grains.Testing;

/// <summary>How a row becomes a value: a single column as it is, several as the parameters of a constructor.</summary>
internal sealed class RowShape
{
    private static readonly MethodInfo _read = typeof(RowShape).GetMethod(nameof(ReadColumn), BindingFlags.NonPublic | BindingFlags.Static)!;

    private readonly Type _type;
    private readonly ConstructorInfo? _constructor;
    private readonly (string Name, MethodInfo Read, bool IsNullable)[] _columns;

    private RowShape(Type type, ConstructorInfo? constructor, Type[] columns, NpgsqlDataReader reader)
    {
        (_type, _constructor) = (type, constructor);
        _columns = [.. columns.Select((column, index) => (
            reader.GetName(index), _read.MakeGenericMethod(Nullable.GetUnderlyingType(column) ?? column), !column.IsValueType || Nullable.GetUnderlyingType(column) is not null))];
    }

    /// <exception cref="InvalidOperationException">The type has no constructor for so many columns.</exception>
    public static RowShape Of(Type type, NpgsqlDataReader reader)
    {
        if (reader.FieldCount == 1 && IsScalar(type))
            return new RowShape(type, null, [type], reader);
        var constructor = type.GetConstructors().FirstOrDefault(candidate => candidate.GetParameters().Length == reader.FieldCount && reader.FieldCount > 0)
            ?? throw new InvalidOperationException(
                $"The query gives {reader.FieldCount} columns, and {type.Name} has no public constructor with as many parameters. Use a tuple of up to seven, or a record.");
        return new RowShape(type, constructor, [.. constructor.GetParameters().Select(parameter => parameter.ParameterType)], reader);
    }

    public object? Read(NpgsqlDataReader reader)
    {
        var values = new object?[_columns.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = Read(reader, i);
        return _constructor is null ? values[0] : _constructor.Invoke(values);
    }

    private object? Read(NpgsqlDataReader reader, int index)
    {
        var (name, read, isNullable) = _columns[index];
        if (reader.IsDBNull(index))
        {
            return isNullable ? null : throw new InvalidOperationException($"Column '{name}' is null, and {_type.Name} has a type there that cannot be.");
        }

        try
        {
            return read.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [reader, index], null);
        }
        catch (Exception exception) when (exception is InvalidCastException or OverflowException)
        {
            throw new InvalidOperationException($"Column '{name}' of type {reader.GetDataTypeName(index)} does not fit {_type.Name}: {exception.Message}", exception);
        }
    }

    private static T ReadColumn<T>(NpgsqlDataReader reader, int index) => reader.GetFieldValue<T>(index);

    // What the platform itself calls a value: text, numbers, times, arrays of them; not its tuples.
    private static bool IsScalar(Type type) =>
        !typeof(ITuple).IsAssignableFrom(type) && (type.IsArray || type.IsEnum || type.Namespace is "System" || type.Namespace?.StartsWith("System.", StringComparison.Ordinal) == true);
}

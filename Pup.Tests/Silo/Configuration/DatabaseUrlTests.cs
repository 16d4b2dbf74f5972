using Npgsql;
using Pup.Client.Connections;

namespace Pup.Tests.Silo.Configuration;

public sealed class DatabaseUrlTests
{
    [Theory]
    [InlineData("postgres://ann:secret@db.example:5433/shop", "Host=db.example;Port=5433;Username=ann;Password=secret;Database=shop")]
    [InlineData("postgresql://ann@db/shop", "Host=db;Port=5432;Username=ann;Database=shop")]
    [InlineData("  postgres://db/shop\n", "Host=db;Port=5432;Database=shop")]
    [InlineData("postgres://ann:p%40ss%2Fw%3Ard%25%3F@db/shop", "Host=db;Port=5432;Username=ann;Password=p@ss/w:rd%?;Database=shop")]
    [InlineData("postgres://ann:p@ss@db/shop", "Host=db;Port=5432;Username=ann;Password=p@ss;Database=shop")]
    [InlineData("postgres://ann:a;b='c@db/shop", "Host=db;Port=5432;Username=ann;Password=\"a;b='c\";Database=shop")]
    [InlineData("postgres://%C3%A4nn:%F0%9F%90%B6@db/sh%C3%B6p", "Host=db;Port=5432;Username=änn;Password=🐶;Database=shöp")]
    [InlineData("postgres://ann:gr🐶ß@db/shop", "Host=db;Port=5432;Username=ann;Password=gr🐶ß;Database=shop")]
    [InlineData("postgres://[::1]:5444/shop", "Host=::1;Port=5444;Database=shop")]
    [InlineData("postgres://[::1]/shop", "Host=::1;Port=5432;Database=shop")]
    [InlineData("postgres:///shop?host=/run/postgresql", "Host=/run/postgresql;Port=5432;Database=shop")]
    [InlineData("postgres:///shop?host=/run/postgresql&port=5433&user=ann", "Host=/run/postgresql;Port=5433;Username=ann;Database=shop")]
    [InlineData("postgres://%2Frun%2Fpostgresql/shop", "Host=/run/postgresql;Port=5432;Database=shop")]
    [InlineData("postgres://db", "Host=db;Port=5432")]
    [InlineData("postgres:///shop", "Host=localhost;Port=5432;Database=shop")]
    [InlineData("postgres://:5433/shop", "Host=localhost;Port=5433;Database=shop")]
    [InlineData("postgres://a:5433,b:5434/shop", "Host=a:5433,b:5434;Database=shop;Target Session Attributes=primary")]
    [InlineData("postgres://a,[::1]:5434/shop?target_session_attrs=read-write", "Host=a,[::1]:5434;Database=shop;Target Session Attributes=read-write")]
    [InlineData("postgres:///shop?host=a,b&port=5433", "Host=a:5433,b:5433;Database=shop;Target Session Attributes=primary")]
    [InlineData("postgres://db/shop?sslmode=disable", "Host=db;Port=5432;Database=shop;SSL Mode=Disable")]
    [InlineData("postgres://db/shop?sslmode=allow", "Host=db;Port=5432;Database=shop;SSL Mode=Allow")]
    [InlineData("postgres://db/shop?sslmode=prefer", "Host=db;Port=5432;Database=shop;SSL Mode=Prefer")]
    [InlineData("postgres://db/shop?search_path=mine", "Host=db;Port=5432;Database=shop;Search Path=mine")]
    [InlineData("postgres://db/shop?sslmode=require", "Host=db;Port=5432;Database=shop;SSL Mode=Require")]
    [InlineData("postgres://db/shop?sslmode=verify-ca", "Host=db;Port=5432;Database=shop;SSL Mode=VerifyCA")]
    [InlineData("postgres://db/shop?sslmode=verify-full", "Host=db;Port=5432;Database=shop;SSL Mode=VerifyFull")]
    [InlineData("postgres://db/shop?application_name=orders%20silo&connect_timeout=7", "Host=db;Port=5432;Database=shop;Application Name=orders silo;Timeout=7")]
    [InlineData("postgres://db/shop?passfile=/run/secrets/pg&options=-c%20search_path%3Dx", "Host=db;Port=5432;Database=shop;Passfile=/run/secrets/pg;Options=-c search_path=x")]
    [InlineData("Host=db;Database=shop;Passfile=/run/secrets/pg", "Host=db;Database=shop;Passfile=/run/secrets/pg")]
    [InlineData("Host=a,b;Database=shop", "Host=a,b;Database=shop;Target Session Attributes=primary")]
    public void An_address_becomes_an_Npgsql_connection_string(string address, string expected)
    {
        Assert.Equal(
            Normal(expected),
            Normal(DatabaseUrl.ToConnectionString(address)));
        static SortedDictionary<string, object?> Normal(string text) =>
            new(new NpgsqlConnectionStringBuilder(text).ToDictionary(p => p.Key, p => (object?)p.Value?.ToString()), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("postgres://ann:hunter2@db:port/shop", "port")]
    [InlineData("postgres://ann:hunter2@db:0/shop", "port")]
    [InlineData("postgres://ann:hunter2@db:70000/shop", "port")]
    [InlineData("postgres://ann:hun/ter2@db/shop", "'/'")]
    [InlineData("postgres://ann:hunter2%zz@db/shop", "%25")]
    [InlineData("postgres://ann:hunter2%00@db/shop", "%25")]
    [InlineData("postgres://ann:hunter2%ff@db/shop", "UTF-8")]
    [InlineData("postgres://ann:hunter2@db/a/b", "'/'")]
    [InlineData("postgres://ann:hunter2@db/shop?sslmode=hunter2", "sslmode")]
    [InlineData("postgres://ann:hunter2@db/shop?sslrootcert=/nowhere/hunter2", "sslrootcert")]
    [InlineData("postgres://ann:hunter2@db/shop?hunter2=1", "parameter")]
    [InlineData("postgres://ann:hunter2@db/shop?hunter2", "'='")]
    [InlineData("postgres://ann:hunter2@a,/shop", "empty")]
    [InlineData("postgres://ann:hunter2@a,b/shop?port=1,2,3", "differ")]
    [InlineData("postgres://ann:hunter2@a,b/shop?target_session_attrs=any", "primary")]
    [InlineData("postgres://ann:hunter2@::1/shop", "brackets")]
    [InlineData("mysql://ann:hunter2@db/shop", "URL")]
    [InlineData("hunter2", "neither")]
    [InlineData("Host=db;hunter2=x", "neither")]
    [InlineData("Database=shop;Password=hunter2", "Host")]
    [InlineData("host=db user=ann password=hunter2 dbname=shop", "libpq")]
    [InlineData("user=ann password=hunter2 host=db dbname=shop", "neither")]
    [InlineData("Host=a,b;Password=hunter2;Target Session Attributes=standby", "primary")]
    [InlineData("Host=db;Port=hunter2", "neither")]
    public void A_malformed_address_is_explained_in_one_line_without_repeating_it(string address, string hint)
    {
        var e = Assert.Throws<FormatException>(() => DatabaseUrl.ToConnectionString(address));
        Assert.Contains(hint, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}

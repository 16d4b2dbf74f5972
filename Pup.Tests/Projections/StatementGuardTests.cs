using Pup.Grains.Projections;

namespace Pup.Tests.Projections;

public sealed class StatementGuardTests
{
    [Theory]
    [InlineData("commit")]
    [InlineData("COMMIT AND CHAIN")]
    [InlineData("; commit")]
    [InlineData("/* x */ commit")]
    [InlineData("/* /* nested */ */ -- and so on\n\t;; Rollback")]
    [InlineData("end")]
    [InlineData("abort")]
    [InlineData("begin")]
    [InlineData("start transaction")]
    [InlineData("rollback work")]
    [InlineData("rollback prepared 'x'")]
    [InlineData("commit prepared 'x'")]
    [InlineData("prepare transaction 'x'")]
    [InlineData("prepare /* */ transaction 'x'")]
    [InlineData("")]
    [InlineData(" ; -- nothing")]
    public void Transaction_control_and_empty_statements_are_refused(string sql) => Assert.NotNull(StatementGuard.Problem(sql));

    [Theory]
    [InlineData("insert into commits values (1)")]
    [InlineData("savepoint s")]
    [InlineData("release savepoint s")]
    [InlineData("rollback to savepoint s")]
    [InlineData("rollback work to s")]
    [InlineData("ROLLBACK TRANSACTION TO SAVEPOINT s")]
    [InlineData("prepare p as select 1")]
    [InlineData("update t set x = 1 -- commit")]
    [InlineData("with e as (select 1) select 1")]
    public void Everything_else_passes(string sql) => Assert.Null(StatementGuard.Problem(sql));
}
